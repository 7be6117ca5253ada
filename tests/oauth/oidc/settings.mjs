// What a test may set in the environment of the server.

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);

export const settings = {
  /** Seconds until the server ends by itself. */
  serverLife: number('OAUTH_SERVER_LIFE', 600),
  /** Seconds that an access token lives. */
  tokenLife: number('OAUTH_TOKEN_LIFE', 3600),
  /** Requests for records that an access token is good for, so that no test has to wait for an expiry; 0: all. */
  tokenUses: number('OAUTH_TOKEN_USES', 0),
  /** How many records there are. */
  records: number('OAUTH_RECORDS', 25),
  /** Seconds between two polls, as a device is told. */
  pollInterval: number('OAUTH_POLL_INTERVAL', 1),
  /** Which poll for a device code, counted from 1, is told to slow down; 0: none. */
  slowDownAt: number('OAUTH_SLOW_DOWN_AT', 0),
};
