// Every state of the widget in every look, as axe sees it. The table at the end says how many rules each breaks.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { violations } from './support/axe.js';
import { withAttributes } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { keepScreenshot, launchChromium } from './support/chromium.js';
import { startCutter } from './support/cutter.js';
import { serveHostPage } from './support/host-page.js';
import { dictate, startModel } from './support/model.js';
import { failSends, streamOnce } from './support/refusals.js';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const LOOKS = {
  light: {},
  dark: { colorScheme: 'dark' },
  phone: PHONE,
  'dark phone': { ...PHONE, colorScheme: 'dark' },
  'right to left': { language: 'ar' },
};

const RICH = [
  '## Our **terms**\n\nSee [the terms](https://example.com/terms) and `code`.\n\n',
  '1. one\n2. two\n   - nested\n\n- [x] done\n- [ ] open\n\n> quoted\n\n---\n\n',
  '| Size | Price |\n|:-----|------:|\n| S | 5 |\n\n```js\nconst a = 1;\n```\n',
];

let chatloom, chromium, cutter, model, embedCode;
const table = {};

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  cutter = await startCutter(chatloom.base);
  const customization = { primaryColor: '#facc15', title: 'Shop help', starterPrompts: ['How do refunds work?'] };
  const widget = await chatloom.dashboard.createWidget({ agent: model.agent, customization });
  embedCode = widget.embedCode.replace(chatloom.base, cutter.base);
});

after(async () => {
  const states = new Set(Object.values(table).flatMap(Object.keys));
  console.log(`axe: rules that are broken in ${states.size} states x ${Object.keys(table).length} looks`);
  console.table(Object.fromEntries(Array.from(states, (state) => [state, Object.fromEntries(Object.entries(table).map(([look, counts]) => [look, counts[state]]))])));
  await chromium?.close();
  await cutter?.close();
  await chatloom?.stop();
  await model?.close();
});

/** The parts of the widget by their places, since their names are in any language. */
function partsOf(page) {
  const last = page.locator('.answer').last();
  const box = page.locator('.cw textarea');
  return {
    launcher: page.locator('.launcher'),
    panel: page.locator('.cw.open'),
    box,
    last,
    note: last.locator('.note'),
    problem: last.locator('.problem'),
    stop: page.locator('.send.stop'),
    settled: () => page.locator('.scroller[aria-busy=false]').waitFor(),
    async ask(text) {
      await box.fill(text);
      await box.press('Enter');
    },
  };
}

/** Leads a page through every state, one after the other, and calls `check` in each. */
async function walk(page, check) {
  const parts = partsOf(page);
  await parts.launcher.waitFor();
  await check('closed');
  await parts.launcher.click();
  await parts.panel.waitFor();
  await page.locator('.greeting').waitFor();
  await check('greeting');
  model.answer = () => RICH;
  await parts.ask('Show me everything');
  await parts.last.locator('pre').waitFor();
  await parts.settled();
  await check('conversation');
  await rateAndLeave(page, parts, check);
  await beOnTheWay(page, parts, check);
  await beRefused(page, parts, check);
}

/** What stands below an answer, and the launcher of a panel that was closed before the answer came. */
async function rateAndLeave(page, { ask, launcher, last, panel, settled }, check) {
  await last.locator('.foot .down').click();
  await last.locator('.reason').waitFor();
  await check('reason for a bad answer');
  const answer = dictate();
  model.answer = () => answer.pieces;
  await ask('Meanwhile');
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  answer.say('Here it is.');
  answer.end();
  await page.locator('.launcher.unread').waitFor();
  await check('unread');
  await launcher.click();
  await panel.waitFor();
  await settled();
}

/** The states of an answer on its way. */
async function beOnTheWay(page, { ask, last, note, problem, stop, settled }, check) {
  const answer = dictate();
  model.answer = () => answer.pieces;
  await ask('Go on');
  await stop.waitFor();
  await check('waiting');
  answer.say('Half of an **answer**');
  await last.getByText('Half of an').waitFor();
  await check('streaming');
  cutter.isDown = true;
  cutter.cut();
  await note.waitFor();
  await check('reconnecting');
  cutter.isDown = false;
  answer.say(' that goes on');
  await note.waitFor({ state: 'detached' });
  await stop.click();
  await settled();
  await note.waitFor();
  await check('stopped');
  model.answer = () => ['Back again.'];
  await page.context().setOffline(true);
  await ask('Are you there?');
  await note.waitFor();
  await check('offline');
  await page.context().setOffline(false);
  await last.getByText('Back again.').waitFor();
  await settled();
  for (const [state, code] of [['interrupted', 'answer_interrupted'], ['failed', 'model_failed']]) {
    await failInStream(page, code);
    await ask(state);
    await page.locator('.question').getByText(state, { exact: true }).waitFor();
    await problem.waitFor();
    await settled();
    await check(state);
  }
}

/** Lets the next answer end in the middle, for this reason. */
function failInStream(page, code) {
  const event = (name, number, data) => `id: t:1:${number}\nevent: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  const begin = event('start', 1, { turnId: code, userMessageId: `${code} asked`, messageId: `${code} answered` }) + event('token', 2, { content: 'The first half' });
  return streamOnce(page, begin + event('error', 3, { code, retryable: true }));
}

/** What the server refuses: how each state is called, and what it answers. */
const REFUSALS = [
  ['rate limit with wait', 429, 'rate_limited', { 'Retry-After': '3600' }],
  ['quota', 429, 'quota_reached'],
  ['too busy', 503, 'overloaded'],
  ['too long', 400, 'message_too_long'],
  ['not signed in', 401, 'identity_required'],
  ['forbidden', 403, 'origin_not_allowed'],
  ['switched off', 410, 'widget_gone'],
];

async function beRefused(page, { ask, problem, settled }, check) {
  model.answer = () => ['A new beginning.'];
  await failSends(page, 1, 404, 'session_not_found');
  await ask('Do you remember?');
  await page.locator('.list > .note').waitFor();
  await settled();
  await check('session lost');
  for (const [state, status, code, headers] of REFUSALS) {
    await failSends(page, 1, status, code, headers);
    await ask(state);
    await page.locator('.question').getByText(state, { exact: true }).waitFor();
    await problem.waitFor();
    await settled();
    await check(state);
  }
}

for (const [look, { language = 'en', ...options }] of Object.entries(LOOKS)) {
  test(`axe finds nothing in any state: ${look}`, async (t) => {
    const shop = await serveHostPage(withAttributes(embedCode, `data-locale="${language}"`));
    t.after(() => shop.close());
    const page = await chromium.newPage(options);
    t.after(() => page.context().close());
    await page.goto(shop.origin);
    const broken = {};
    table[look] = {};
    await walk(page, async (state) => {
      const found = await violations(page);
      table[look][state] = found.length;
      if (found.length) broken[state] = found;
      await keepScreenshot(page, `${state}-${look}`.replaceAll(' ', '-'));
    });
    assert.deepEqual(broken, {});
  });
}
