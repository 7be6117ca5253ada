// What the tokens are for: GET /records?page=1&per_page=10.
import { settings } from './settings.mjs';

const uses = new Map();

export async function records(provider, request, response) {
  const refusal = await refused(provider, bearer(request));
  if (refusal) {
    const challenge = `Bearer realm="records", error="${refusal.error}"`;
    send(response, refusal.status, { error: refusal.error }, { 'www-authenticate': challenge });
    return;
  }
  const query = new URL(request.url, 'http://localhost').searchParams;
  const page = Number(query.get('page') ?? 1);
  const perPage = Number(query.get('per_page') ?? 10);
  send(response, 200, { records: slice((page - 1) * perPage, perPage), page, more: page * perPage < settings.records });
}

async function refused(provider, token) {
  const found = token && ((await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token)));
  if (!found || isUsedUp(token)) {
    return { status: 401, error: 'invalid_token' };
  }
  return found.scopes.has('records') ? null : { status: 403, error: 'insufficient_scope' };
}

function isUsedUp(token) {
  const count = (uses.get(token) ?? 0) + 1;
  uses.set(token, count);
  return settings.tokenUses > 0 && count > settings.tokenUses;
}

function bearer(request) {
  return request.headers.authorization?.match(/^Bearer (\S+)$/i)?.[1];
}

function slice(start, length) {
  const end = Math.max(start, Math.min(start + length, settings.records));
  return Array.from({ length: end - start }, (_, index) => ({ id: start + index + 1, name: `record ${start + index + 1}` }));
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
