// What a page is like, for somebody who sees it and for somebody who listens to it.

/** `answer` is the answer that brought the page. */
export async function described(page, answer) {
  const { tree, roles } = await accessible(page);
  return {
    url: page.url(),
    status: answer?.status() ?? null,
    title: await page.title(),
    lang: await page.evaluate(() => document.documentElement.getAttribute('lang')),
    text: await page.evaluate(() => document.body.innerText),
    headings: roles.filter(({ role }) => role === 'heading').map(({ level, name }) => ({ level, text: name })),
    landmarks: roles.map(({ role }) => role).filter((role) => LANDMARKS.has(role)),
    reachable_by_main: within(tree, 'main').some(({ role }) => role === 'heading'),
  };
}

const LANDMARKS = new Set(['banner', 'complementary', 'contentinfo', 'form', 'main', 'navigation', 'region', 'search']);

/** The tree that a screen reader is given, and all that is in it. */
async function accessible(page) {
  const tree = await page.accessibility.snapshot({ interestingOnly: false });
  return { tree, roles: flat(tree) };
}

function flat(node) {
  return [node, ...(node.children ?? []).flatMap(flat)];
}

function within(tree, role) {
  return flat(tree).filter((node) => node.role === role).flatMap(flat);
}
