// The clients that are registered, one for each way to prove who it is.
import { generateKeyPairSync } from 'node:crypto';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const OF_A_USER = ['authorization_code', 'refresh_token', DEVICE_CODE];
const ALL = [...OF_A_USER, 'client_credentials'];

/** A key pair: as a JWK without its private half, and its private half in PEM (PKCS 8). */
export function makeKey(type, options, keyId) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  return {
    id: keyId,
    public: { ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig' },
    private: { ...privateKey.export({ format: 'jwk' }), kid: keyId, use: 'sig' },
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** `registered` is for the provider, `described` for a test. */
export function makeClients() {
  const rsa = makeKey('rsa', { modulusLength: 2048 }, 'river-rsa');
  const elliptic = makeKey('ec', { namedCurve: 'P-256' }, 'river-ec');
  // RFC 6749, 2.3.1: id and secret are form-encoded before they are joined with a colon. This secret shows who does not.
  const secrets = { post: 'the-secret-of-river-post', basic: 'a:secret/with 50% + more' };
  return {
    registered: [
      { ...client('river-post', ALL, 'client_secret_post'), client_secret: secrets.post },
      { ...client('river-basic', ALL, 'client_secret_basic'), client_secret: secrets.basic },
      { ...client('river-jwt', ALL, 'private_key_jwt'), jwks: { keys: [rsa.public, elliptic.public] } },
      client('river-public', OF_A_USER, 'none'),
    ],
    described: {
      post: { client_id: 'river-post', client_secret: secrets.post },
      basic: { client_id: 'river-basic', client_secret: secrets.basic },
      jwt: { client_id: 'river-jwt', keys: { RS256: described(rsa), ES256: described(elliptic) } },
      public: { client_id: 'river-public' },
    },
  };
}

/** A native client may be sent back to any port of this machine (RFC 8252, 7.3). */
function client(id, grants, authentication) {
  return {
    client_id: id,
    client_name: `River (${id})`,
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    response_types: ['code'],
    grant_types: grants,
    token_endpoint_auth_method: authentication,
  };
}

function described(key) {
  return { key_id: key.id, private_key: key.pem };
}
