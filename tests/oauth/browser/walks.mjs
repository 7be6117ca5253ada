// How the pages of each server are walked: a step a page. `fill` says which option goes into which field, `press` which
// button is pressed then, and `reject` which one instead by somebody who says no.

const OIDC_SIGN_IN = { fill: { 'User name': 'username', Password: 'password' }, press: 'Sign in' };
const DJANGO_SIGN_IN = { fill: { 'Username:': 'username', 'Password:': 'password' }, press: 'Sign in' };

export const WALKS = {
  /** One page as it is: nothing to press. */
  none: [],
  /** tests/oauth/oidc. */
  oidc: [OIDC_SIGN_IN, { press: 'Allow', reject: 'Deny' }],
  /** The same, at `verification_uri` of a device. */
  'oidc-device': [
    { fill: { Code: 'code' }, press: 'Continue' },
    { press: 'Continue' },
    OIDC_SIGN_IN,
    { press: 'Allow', reject: 'Deny' },
  ],
  /** tests/oauth/django; all but the page to sign in is the toolkit's own. */
  django: [DJANGO_SIGN_IN, { press: 'Authorize', reject: 'Cancel' }],
  /** The same, at `verification_uri` of a device. */
  'django-device': [
    DJANGO_SIGN_IN,
    { fill: { 'User code:': 'code' }, press: 'Verify' },
    { press: 'Accept', reject: 'Deny' },
  ],
  /** `river sandbox`, where nobody has to sign in. */
  sandbox: [{ press: 'Accept', reject: 'Reject' }],
};
