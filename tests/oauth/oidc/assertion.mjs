// Signs what a client proves itself with (RFC 7523, 2.2): node assertion.mjs CLIENT_ID AUDIENCE ALGORITHM KEY_ID <key.pem
// The test that uses it knows nothing of river: this is the other implementation.
import { createPrivateKey, randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';

import { fetched } from '../packages.mjs';

const { SignJWT } = fetched('jose');
const [clientId, audience, algorithm, keyId] = process.argv.slice(2);
const key = createPrivateKey(await text(process.stdin));
const token = new SignJWT({ jti: randomUUID() })
  .setProtectedHeader({ alg: algorithm, kid: keyId })
  .setIssuer(clientId)
  .setSubject(clientId)
  .setAudience(audience)
  .setIssuedAt()
  .setExpirationTime('5m');
process.stdout.write(await token.sign(key));
