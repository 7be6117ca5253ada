// What npm fetched (scripts/fetch-oauth) lies in target/oauth/node; these scripts do not lie beside it.
import { createRequire } from 'node:module';

export const fetched = createRequire(new URL('../../target/oauth/node/package.json', import.meta.url));
