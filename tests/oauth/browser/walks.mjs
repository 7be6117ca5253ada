// How the pages of each server are walked: a step a page. `fill` says which option goes into which field, `press` which
// button is pressed then, and `reject` which one instead by somebody who says no.

export const WALKS = {
  /** One page as it is: nothing to press. */
  none: [],
  /** tests/oauth/oidc. */
  oidc: [
    { fill: { 'User name': 'username', Password: 'password' }, press: 'Sign in' },
    { press: 'Allow', reject: 'Deny' },
  ],
  /** The same, at `verification_uri_complete` of a device. */
  'oidc-device': [
    { press: 'Continue', reject: 'Cancel' },
    { fill: { 'User name': 'username', Password: 'password' }, press: 'Sign in' },
    { press: 'Allow', reject: 'Deny' },
  ],
  /** tests/oauth/django; the second page is the toolkit's own. */
  django: [
    { fill: { 'Username:': 'username', 'Password:': 'password' }, press: 'Sign in' },
    { press: 'Authorize', reject: 'Cancel' },
  ],
  /** `river sandbox`, where nobody has to sign in. */
  sandbox: [{ press: 'Accept', reject: 'Reject' }],
};
