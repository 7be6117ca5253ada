// A person at a browser: opens a URL, signs in, decides, and tells what the pages are like.
//
//   node login.mjs URL --walk NAME --screenshot FILE [--username U --password P] [--code C] [--reject]
//
// NAME is a row of walks.mjs. Buttons and fields are found by role and accessible name, as by somebody who listens to
// the page. Prints one line of JSON: what the last page is like, and in `pages` what those before it were. Whatever
// happens, the browser is closed, after a minute at the latest.
import { parseArgs } from 'node:util';

import { fetched } from '../packages.mjs';
import { described } from './page.mjs';
import { WALKS } from './walks.mjs';

const PATIENCE = 60_000;
const FLAGS = [
  '--no-proxy-server',
  // Nothing but this machine: a page that loads something from elsewhere goes without.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  '--disable-dev-shm-usage',
  '--lang=en',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    walk: { type: 'string' },
    screenshot: { type: 'string' },
    username: { type: 'string', default: '' },
    password: { type: 'string', default: '' },
    code: { type: 'string', default: '' },
    reject: { type: 'boolean', default: false },
  },
});
const walk = WALKS[values.walk];
if (!walk || !values.screenshot || positionals.length !== 1) {
  console.error(`usage: login.mjs URL --walk ${Object.keys(WALKS).join('|')} --screenshot FILE [--username U --password P] [--code C] [--reject]`);
  process.exit(2);
}

let browser;
const clock = setTimeout(() => {
  console.error('it takes too long');
  browser?.process().kill('SIGKILL');
  process.exit(1);
}, PATIENCE);
try {
  browser = await fetched('puppeteer-core').launch({
    executablePath: process.env.OAUTH_BROWSER ?? '/usr/bin/chromium',
    // A pipe ends with this process, and the browser with it.
    pipe: true,
    args: process.getuid() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS,
  });
  console.log(JSON.stringify(await walked(await browser.newPage())));
} finally {
  clearTimeout(clock);
  await browser?.close();
}

async function walked(page) {
  page.setDefaultTimeout(PATIENCE / 4);
  let answer = await page.goto(positionals[0]);
  const pages = [];
  for (const step of walk) {
    pages.push(await described(page, answer));
    for (const [label, value] of Object.entries(step.fill ?? {})) {
      await named(page, 'textbox', label).fill(values[value]);
    }
    const button = (values.reject && step.reject) || step.press;
    [answer] = await Promise.all([page.waitForNavigation(), named(page, 'button', button).click()]);
  }
  const last = await described(page, answer);
  const overflows = await pictured(page);
  return { ...last, overflows, pages };
}

/** Pictures of the page: as it is, in the dark, and on a small screen, for which it may be too wide. */
async function pictured(page) {
  const picture = (name) => page.screenshot({ path: values.screenshot.replace(/\.png$/, `${name}.png`), fullPage: true });
  await picture('');
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await picture('-dark');
  await page.setViewport({ width: 320, height: 568 });
  await picture('-small');
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

function named(page, role, name) {
  return page.locator(`::-p-aria([name="${name}"][role="${role}"])`);
}
