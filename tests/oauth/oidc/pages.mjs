// The pages that a person sees. They work without script and load nothing.

export function login(alert) {
  return page(
    'Sign in',
    `${alert ? `<p role="alert">${escaped(alert)}</p>` : ''}
<form method="post">
<p><label>User name <input name="username" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<button type="submit">Sign in</button>
</form>`,
  );
}

export function consent({ params }) {
  const scopes = (params.scope ?? '').split(' ').filter(Boolean);
  return page(
    `${params.client_id} asks for access`,
    `<p>It asks for:</p>
<ul>${scopes.map((scope) => `<li><code>${escaped(scope)}</code></li>`).join('')}</ul>
<form method="post">
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`,
  );
}

/** The forms of the provider have their buttons outside and, the first, no label. */
export function deviceCode(context, form, _out, error) {
  const alert = error ? '<p role="alert">This code is not one that can be used.</p>' : '';
  const labelled = form.replace('name="user_code"', 'name="user_code" aria-label="Code"');
  context.body = page('Connect a device', `${alert}${labelled}<button form="op.deviceInputForm">Continue</button>`);
}

export function deviceConfirm(context, form, client, _info, userCode) {
  context.body = page(
    'Connect this device?',
    `<p>${escaped(client.clientName)} shows the code <code>${escaped(userCode)}</code>.</p>${form}
<button form="op.deviceConfirmForm">Continue</button>
<button form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button>`,
  );
}

export function deviceDone(context) {
  context.body = page('The device is connected', '<p>This page can be closed.</p>');
}

export function errorPage(context, out) {
  const lines = Object.entries(out).map(([name, value]) => `<p><code>${escaped(name)}</code>: ${escaped(value)}</p>`);
  context.type = 'html';
  context.body = page('This did not work', lines.join(''));
}

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title></head>
<body><main><h1>${escaped(title)}</h1>${body}</main></body>
</html>`;
}

function escaped(value) {
  return String(value).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
