// Where the launcher and the panel stand: in each corner, and within what a phone's screen leaves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { comeToRest, widgetOn } from './support/widget.js';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** How far both stand from the edges, in pixels, and the launcher's size. */
const EDGE = 20;
const LAUNCHER = 56;

let chatloom, chromium;

before(async () => {
  chatloom = await startChatloom();
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
});

/** A page whose widget stands in this corner; `insets` are what the screen keeps for itself. */
async function visit(t, position, options = {}, insets = undefined) {
  const { embedCode } = await chatloom.dashboard.createWidget({ customization: { position } });
  const site = await serveHostPage(embedCode);
  t.after(() => site.close());
  const page = await chromium.newPage(options);
  if (insets) await (await page.context().newCDPSession(page)).send('Emulation.setSafeAreaInsetsOverride', { insets });
  await page.goto(site.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  await comeToRest(page);
  return { page, widget };
}

/** The distances of a box to the edges of the window. */
function edges({ x, y, width, height }, window) {
  return { left: x, top: y, right: window.width - x - width, bottom: window.height - y - height };
}

for (const position of ['bottom-right', 'bottom-left', 'top-right', 'top-left']) {
  test(`${position}: the launcher stands in its corner, and the panel opens beside it`, async (t) => {
    const { page, widget } = await visit(t, position);
    const [row, column] = position.split('-');
    const launcher = await widget.launcher.boundingBox();
    assert.deepEqual([launcher.width, launcher.height], [LAUNCHER, LAUNCHER]);
    assert.equal(edges(launcher, DESKTOP)[row], EDGE);
    assert.equal(edges(launcher, DESKTOP)[column], EDGE);

    await widget.open();
    await page.mouse.move(640, 10);
    await comeToRest(page);
    const panel = await widget.panel.boundingBox();
    assert.equal(edges(panel, DESKTOP)[column], EDGE);
    assert.ok(edges(panel, DESKTOP)[row] >= EDGE + LAUNCHER, 'the panel covers the launcher');
    for (const [edge, distance] of Object.entries(edges(panel, DESKTOP))) assert.ok(distance >= 0, `${edge}: ${distance}`);
  });
}

test('the safe areas of a phone stay free: of the launcher, the header and the box', async (t) => {
  const insets = { top: 47, bottom: 34, left: 0, right: 0 };
  const { page, widget } = await visit(t, 'bottom-right', PHONE, insets);
  const launcher = edges(await widget.launcher.boundingBox(), PHONE.viewport);
  assert.ok(launcher.bottom >= insets.bottom, `the launcher is ${launcher.bottom} above the edge`);
  await widget.launcher.tap();
  await widget.panel.waitFor();
  await comeToRest(page);
  const header = await page.locator('.cw header').boundingBox();
  assert.ok(header.y >= insets.top, `the header begins at ${header.y}`);
  const composer = edges(await page.locator('.composer').boundingBox(), PHONE.viewport);
  assert.ok(composer.bottom >= insets.bottom, `the box ends ${composer.bottom} above the edge`);
});

test('in landscape the safe areas at the sides stay free', async (t) => {
  const viewport = { width: 844, height: 390 };
  const insets = { top: 0, bottom: 21, left: 44, right: 44 };
  for (const position of ['bottom-right', 'bottom-left']) {
    const { page, widget } = await visit(t, position, { ...PHONE, viewport }, insets);
    const launcher = edges(await widget.launcher.boundingBox(), viewport);
    assert.ok(launcher[position.split('-')[1]] >= 44, `${position}: ${JSON.stringify(launcher)}`);
    await widget.launcher.tap();
    await widget.panel.waitFor();
    await comeToRest(page);
    const box = edges(await widget.box.boundingBox(), viewport);
    assert.ok(box.left >= 44 && box.right >= 44, `${position}: ${JSON.stringify(box)}`);
  }
});

test('the launcher is hidden behind the sheet of a phone, and back when it closes', async (t) => {
  const { page, widget } = await visit(t, 'bottom-right', PHONE);
  const { x, y } = await widget.launcher.boundingBox();
  const isOnTop = () => page.evaluate(([left, top]) => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    return root.elementFromPoint(left, top)?.closest('.launcher') !== null;
  }, [x + LAUNCHER / 2, y + LAUNCHER / 2]);
  assert.equal(await isOnTop(), true);
  await widget.launcher.tap();
  await widget.panel.waitFor();
  await comeToRest(page);
  assert.equal(await isOnTop(), false);
  await page.locator('.cw header').getByRole('button', { name: 'Close chat' }).tap();
  await widget.panel.waitFor({ state: 'hidden' });
  assert.equal(await isOnTop(), true);
});
