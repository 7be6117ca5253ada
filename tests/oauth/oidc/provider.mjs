// The provider's configuration.
import { randomBytes } from 'node:crypto';

import { fetched } from '../packages.mjs';
import { makeKey } from './clients.mjs';
import { deviceCode, deviceConfirm, deviceDone, errorPage } from './pages.mjs';
import { settings } from './settings.mjs';

const { Provider } = fetched('oidc-provider');

/** Every request to the token endpoint is added to `tokenRequests`, without what is secret in it. */
export function makeProvider(issuer, clients, tokenRequests) {
  const provider = new Provider(issuer, {
    clients,
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: deviceCode,
        userCodeConfirmSource: deviceConfirm,
        successSource: deviceDone,
      },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    jwks: { keys: [makeKey('rsa', { modulusLength: 2048 }, 'issuer').private] },
    pkce: { required: () => true },
    renderError: errorPage,
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'records'],
    ttl: {
      AccessToken: settings.tokenLife,
      AuthorizationCode: 60,
      ClientCredentials: settings.tokenLife,
      DeviceCode: 600,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
  });
  provider.use((context, next) => note(tokenRequests, context, next));
  provider.use(pacePolls);
  return provider;
}

const polls = new Map();

/** The pace of RFC 8628, 3.2 and 3.5, which the provider leaves to whoever runs it. */
async function pacePolls(context, next) {
  await next();
  const { route, params } = context.oidc ?? {};
  if (route === 'device_authorization' && context.status === 200) {
    context.body.interval = settings.pollInterval;
  }
  if (route === 'token' && context.body?.error === 'authorization_pending') {
    const count = (polls.get(params.device_code) ?? 0) + 1;
    polls.set(params.device_code, count);
    if (count === settings.slowDownAt) {
      context.body = { error: 'slow_down', error_description: 'this client polls too often' };
      context.status = 400;
    }
  }
}

async function note(tokenRequests, context, next) {
  await next();
  if (context.oidc?.route === 'token') {
    tokenRequests.push({
      grant_type: context.oidc.params?.grant_type ?? null,
      proof: proof(context),
      status: context.status,
      error: context.body?.error ?? null,
      at: process.uptime(),
    });
  }
}

/** How the client proves itself: the provider takes a secret in the body and by `Basic` from either. */
function proof({ headers, oidc }) {
  if (/^Basic /i.test(headers.authorization ?? '')) return 'basic';
  if (oidc.body?.client_assertion) return 'private_key_jwt';
  return oidc.body?.client_secret ? 'body' : 'none';
}
