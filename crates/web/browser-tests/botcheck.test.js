// The bot check: a browser works for its session before the first message, and its visitor notices nothing of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { serveModules } from './support/modules.js';
import { lastAnswer, watchGrowth, widgetOn } from './support/widget.js';

const CHALLENGES = '**/api/widget-chat/challenges';
const SESSIONS = '**/api/widget-chat/sessions';
const SOLVER = /^\/widget\/solver-[0-9a-f]{16}\.js$/;

let chatloom, chromium, widget, shop;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
  widget = await chatloom.dashboard.createWidget({ botCheck: true });
  shop = await serveHostPage(widget.embedCode);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
});

/** A page of a host with the widget, and the paths that it has asked the server for. */
async function visit(origin = shop.origin, prepare = () => {}) {
  const page = await chromium.newPage();
  const asked = [];
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === chatloom.base && request.method() !== 'OPTIONS') asked.push(pathname);
  });
  await prepare(page);
  await page.goto(origin);
  return { page, asked, chat: widgetOn(page) };
}

/** The first question gets its whole answer, and nothing else is to be seen. */
async function assertAnswered(page, chat) {
  await watchGrowth(page);
  assert.match(await lastAnswer(page), /\w/);
  assert.equal(await chat.problem.count(), 0);
  assert.deepEqual([await chat.questions.count(), await chat.answers.count()], [1, 1]);
}

const count = (asked, path) => asked.filter((own) => own === path).length;
const challenges = (asked) => count(asked, '/api/widget-chat/challenges');
const sessions = (asked) => count(asked, '/api/widget-chat/sessions');

test('the first message is answered, by work that began when the chat was opened', async () => {
  const { page, asked, chat } = await visit();
  const given = page.waitForResponse(CHALLENGES);
  await chat.open();
  assert.equal((await given).status(), 201);
  assert.equal(asked.filter((path) => SOLVER.test(path)).length, 1);
  await chat.ask('Hello');
  await page.getByText('Typing…').waitFor();
  await assertAnswered(page, chat);
  assert.deepEqual([challenges(asked), sessions(asked)], [1, 1]);

  // The session is there now, and costs nothing any more.
  await chat.reload();
  await chat.settled();
  await chat.box.focus();
  await chat.ask('And again');
  await watchGrowth(page);
  assert.deepEqual([challenges(asked), sessions(asked)], [1, 1]);
});

test('a new conversation costs work again', async () => {
  const { page, asked, chat } = await visit();
  await chat.open();
  await chat.ask('Hello');
  await watchGrowth(page);
  await page.getByRole('button', { name: 'New conversation' }).click();
  await chat.ask('Hello');
  await assertAnswered(page, chat);
  assert.deepEqual([challenges(asked), sessions(asked)], [2, 2]);
});

test('a page served over plain http has no Web Crypto and works', async () => {
  const { page, chat } = await visit(shop.origin.replace('localhost', 'shop.example'));
  assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof crypto.subtle]), [false, 'undefined']);
  await chat.open();
  await chat.ask('Hello');
  await assertAnswered(page, chat);
});

for (const [name, policy] of [
  ['nonces and strict-dynamic', () => `script-src 'nonce-abc' 'strict-dynamic'; connect-src ${chatloom.base}`],
  ['nonces alone and trusted types', () => `script-src 'nonce-abc'; connect-src ${chatloom.base}; require-trusted-types-for 'script'; trusted-types 'none'`],
  ['a list of hosts', () => `script-src ${chatloom.base}; connect-src ${chatloom.base}`],
]) {
  test(`a policy with ${name} is kept`, async (t) => {
    const headers = { 'Content-Security-Policy': `default-src 'none'; ${policy()}` };
    const host = await serveHostPage(widget.embedCode.replace('<script', '<script nonce="abc"'), { headers });
    t.after(() => host.close());
    const violations = [];
    const { page, chat } = await visit(host.origin, (page) => {
      page.on('console', (message) => /Content Security Policy|Trusted/.test(message.text()) && violations.push(message.text()));
      page.on('pageerror', (error) => violations.push(error.message));
    });
    await chat.open();
    await chat.ask('Hello');
    await assertAnswered(page, chat);
    assert.deepEqual(violations, []);
  });
}

test('a solution that has become stale while the visitor wrote is renewed before it is sent', async () => {
  const { page, asked, chat } = await visit(shop.origin, (page) => page.clock.install());
  const given = page.waitForResponse(CHALLENGES);
  await chat.open();
  await given;
  await page.clock.fastForward(5 * 60_000);
  await chat.ask('Hello');
  await assertAnswered(page, chat);
  assert.deepEqual([challenges(asked), sessions(asked)], [2, 1]);
});

test('a solution that the server refuses is renewed once', async () => {
  let spoilt = 0;
  const { page, asked, chat } = await visit(shop.origin, (page) =>
    page.route(SESSIONS, async (route) => {
      const headers = await route.request().allHeaders();
      // The first one loses a digit on its way.
      if (headers['x-bot-check'] && !spoilt++) headers['x-bot-check'] = headers['x-bot-check'].replace(/^01./, '01g');
      return route.continue({ headers });
    }),
  );
  await chat.open();
  await chat.ask('Hello');
  await assertAnswered(page, chat);
  assert.deepEqual([challenges(asked), sessions(asked)], [2, 2]);
});

test('solutions that are refused again and again are told, and can be tried again', async () => {
  let isSpoiling = true;
  const { page, asked, chat } = await visit(shop.origin, (page) =>
    page.route(SESSIONS, async (route) => {
      const headers = await route.request().allHeaders();
      if (isSpoiling && headers['x-bot-check']) headers['x-bot-check'] = 'none';
      return route.continue({ headers });
    }),
  );
  await chat.open();
  await chat.ask('Hello');
  await chat.again.waitFor();
  assert.deepEqual([challenges(asked), sessions(asked)], [2, 2]);
  isSpoiling = false;
  await chat.again.click();
  await assertAnswered(page, chat);
});

test('a line that breaks at the challenge, at the solver or at the session is mended', async () => {
  const broken = new Set();
  const { page, chat } = await visit(shop.origin, (page) =>
    page.route(`${chatloom.base}/**`, (route) => {
      const { pathname } = new URL(route.request().url());
      const isCostly = /challenges$|sessions$|solver-/.test(pathname) && route.request().method() !== 'OPTIONS';
      if (!isCostly || broken.has(pathname)) return route.fallback();
      broken.add(pathname);
      return route.abort('connectionreset');
    }),
  );
  await chat.open();
  await chat.ask('Hello');
  await assertAnswered(page, chat);
  assert.equal(broken.size, 3);
});

test('where the check is off, the solver is not fetched; switched on later, the widget finds out', async (t) => {
  const other = await chatloom.dashboard.createWidget();
  const host = await serveHostPage(other.embedCode);
  t.after(() => host.close());
  const { page, asked, chat } = await visit(host.origin);
  await chat.open();
  await chat.ask('Hello');
  await assertAnswered(page, chat);
  assert.equal(challenges(asked) + asked.filter((path) => SOLVER.test(path)).length, 0);

  await chatloom.dashboard.call('PUT', `/widgets/${other.id}`, { botCheck: true });
  await page.getByRole('button', { name: 'New conversation' }).click();
  await chat.ask('Hello');
  await assertAnswered(page, chat);
  assert.equal(asked.filter((path) => SOLVER.test(path)).length, 1);
});

test('a program that does no work gets no session, and one that does needs no browser', async () => {
  const token = /data-token="([^"]+)"/.exec(widget.embedCode)[1];
  const post = async (path, headers = {}) => {
    const response = await fetch(`${chatloom.base}/api/widget-chat/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });
    return { status: response.status, body: await response.json() };
  };
  const refused = await post('sessions');
  assert.deepEqual([refused.status, refused.body.code], [400, 'bot_check_required']);

  const { challenge, difficulty } = (await post('challenges')).body;
  let number = 0;
  const hash = () => createHash('sha256').update(`${challenge}.${number}`).digest();
  while (hash().readUInt32BE() >>> (32 - difficulty)) number++;
  const opened = await post('sessions', { 'X-Bot-Check': `${challenge}.${number}` });
  assert.equal(opened.status, 201);
});

test('the hash is SHA-256 for every length of what stays and of what changes', async (t) => {
  const modules = await serveModules();
  t.after(() => modules.close());
  const page = await chromium.newPage();
  await page.goto(modules.origin);
  const lengths = Array.from({ length: 200 }, (_, length) => length);
  const numbers = [0, 9, 123456789, Number.MAX_SAFE_INTEGER];
  const own = await page.evaluate(
    async ([lengths, numbers]) => {
      const { createHasher } = await import('/solver/sha256.js');
      return lengths.flatMap((length) => {
        const hash = createHasher('a'.repeat(length));
        return numbers.map((number) => Array.from(hash(number), (word) => (word >>> 0).toString(16).padStart(8, '0')).join(''));
      });
    },
    [lengths, numbers],
  );
  const theirs = lengths.flatMap((length) => numbers.map((number) => createHash('sha256').update('a'.repeat(length) + number).digest('hex')));
  assert.deepEqual(own, theirs);
});
