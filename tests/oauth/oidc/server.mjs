// An OAuth server for tests: oidc-provider on loopback, with accounts and clients of its own and records to pull.
//
//   node server.mjs [PORT]
//
// Prints one line of JSON when it listens: addresses, the account and the clients. Ends when its standard input does,
// and after OAUTH_SERVER_LIFE seconds. Every switch is in settings.mjs.
import { createServer } from 'node:http';

import { makeProvider } from './provider.mjs';
import { makeClients } from './clients.mjs';
import { ACCOUNT, interact } from './interaction.mjs';
import { records } from './records.mjs';
import { settings } from './settings.mjs';

// Standard output is for that one line; the provider's notices are not.
console.info = console.error;

const clients = makeClients();
const tokenRequests = [];
const server = createServer();
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', begin);

process.stdin.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));
setTimeout(() => process.exit(3), settings.serverLife * 1000);

function begin() {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = makeProvider(issuer, clients.registered, tokenRequests);
  const oauth = provider.callback();
  server.on('request', (request, response) => {
    const { pathname } = new URL(request.url, issuer);
    answer(pathname, provider, request, response).then(
      (isAnswered) => isAnswered || oauth(request, response),
      (error) => fail(response, error),
    );
  });
  console.log(JSON.stringify(described(issuer)));
}

/** Whether it was one of the addresses that are not the provider's. */
async function answer(pathname, provider, request, response) {
  if (pathname === '/records') {
    await records(provider, request, response);
  } else if (pathname === '/token-requests') {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(tokenRequests));
  } else if (pathname.startsWith('/interaction/')) {
    await interact(provider, request, response);
  } else {
    return false;
  }
  return true;
}

function fail(response, error) {
  console.error(error);
  response.writeHead(error.statusCode ?? 500, { 'content-type': 'text/plain' }).end(String(error));
}

function described(issuer) {
  return {
    issuer,
    authorize_url: `${issuer}/auth`,
    token_url: `${issuer}/token`,
    device_url: `${issuer}/device/auth`,
    revoke_url: `${issuer}/token/revocation`,
    introspect_url: `${issuer}/token/introspection`,
    records_url: `${issuer}/records`,
    token_requests_url: `${issuer}/token-requests`,
    account: ACCOUNT,
    clients: clients.described,
  };
}
