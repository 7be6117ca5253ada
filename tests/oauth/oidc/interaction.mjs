// Where a person signs in and decides.
import { text } from 'node:stream/consumers';

import { consent, login } from './pages.mjs';

export const ACCOUNT = { username: 'ada', password: 'countess of lovelace' };

/** GET shows the page of the prompt that is due, POST answers it. */
export async function interact(provider, request, response) {
  const interaction = await provider.interactionDetails(request, response);
  const isLogin = interaction.prompt.name === 'login';
  if (request.method !== 'POST') {
    show(response, isLogin ? login() : consent(interaction));
    return;
  }
  const form = new URLSearchParams(await text(request));
  if (isLogin && !isAccount(form)) {
    show(response, login('User name or password is wrong.'));
    return;
  }
  const result = isLogin ? { login: { accountId: ACCOUNT.username } } : await decision(provider, interaction, form);
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: !isLogin });
}

function isAccount(form) {
  return form.get('username') === ACCOUNT.username && form.get('password') === ACCOUNT.password;
}

async function decision(provider, interaction, form) {
  if (form.get('decision') !== 'allow') {
    return { error: 'access_denied', error_description: 'the user said no' };
  }
  const { details } = interaction.prompt;
  const grant = (interaction.grantId && (await provider.Grant.find(interaction.grantId)))
    || new provider.Grant({ accountId: interaction.session.accountId, clientId: interaction.params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  return { consent: { grantId: await grant.save() } };
}

function show(response, page) {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page);
}
