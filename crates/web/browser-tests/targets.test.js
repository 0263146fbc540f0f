// Everything that can be pressed or typed in: large enough for a finger, with a focus that can be seen, and with a border
// where the system chooses the colours.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { startModel } from './support/model.js';
import { pictureOf, pixelsThatChanged } from './support/pixels.js';
import { failSends } from './support/refusals.js';
import { comeToRest, widgetOn } from './support/widget.js';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** An answer with every control that answers have. */
const RICH = 'See [our terms](https://example.com/terms).\n\n```js\nconst a = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n';

let chatloom, chromium, model;
const sites = new Map();

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  for (const primaryColor of ['#4f46e5', '#facc15']) {
    const customization = { primaryColor, title: 'Shop help', starterPrompts: ['How do refunds work?', 'Sizes'] };
    const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent, customization });
    sites.set(primaryColor, await serveHostPage(embedCode));
  }
});

after(async () => {
  await chromium?.close();
  for (const site of sites.values()) await site.close();
  await chatloom?.stop();
  await model?.close();
});

async function visit(options, colour = '#4f46e5') {
  const page = await chromium.newPage(options);
  await page.goto(sites.get(colour).origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  return { page, widget };
}

/** Asks until there is an answer with every kind of control, and one that was refused. */
async function fillThread({ page, widget }) {
  model.answer = () => [RICH];
  await widget.ask('Everything');
  await widget.answers.locator('pre').waitFor();
  await widget.settled();
  await failSends(page, 1, 503, 'overloaded');
  await widget.ask('Again');
  await widget.again.waitFor();
}

/** The controls that can be seen: what each is called, its place, and whether it stands in a line of text. */
function controls(page) {
  return page.evaluate(() => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    const all = root.querySelectorAll('button, textarea, input:not(:disabled), select, a[href], [role=button]');
    return Array.from(all).filter((control) => control.checkVisibility({ visibilityProperty: true })).map((control) => {
      const { width, height } = control.getBoundingClientRect();
      const name = control.ariaLabel || control.textContent || control.placeholder;
      return { name: `${control.localName} ${name}`, width, height, isInline: control.localName === 'a' };
    });
  });
}

for (const [name, options] of [['desktop', {}], ['phone', PHONE]]) {
  test(`every target is at least 24 pixels wide and high: ${name}`, async () => {
    const visitor = await visit(options);
    const small = async () => (await controls(visitor.page)).filter(({ width, height, isInline }) => !isInline && (width < 24 || height < 24));
    assert.deepEqual(await small(), []);
    await visitor.widget.open();
    await comeToRest(visitor.page);
    assert.equal((await controls(visitor.page)).filter(({ name }) => /refunds|Sizes/.test(name)).length, 2);
    assert.deepEqual(await small(), []);
    await fillThread(visitor);
    await comeToRest(visitor.page);
    const names = (await controls(visitor.page)).map(({ name }) => name).join();
    for (const part of ['Copy code', 'Try again', 'our terms', 'Send message']) assert.ok(names.includes(part), `${part} is not there: ${names}`);
    assert.deepEqual(await small(), []);
  });
}

test('on a phone the buttons of the header are at least 44 pixels wide and high', async () => {
  const { page, widget } = await visit(PHONE);
  await widget.open();
  await comeToRest(page);
  const buttons = page.locator('.cw header button');
  assert.ok((await buttons.count()) >= 2);
  for (const button of await buttons.all()) {
    const { width, height } = await button.boundingBox();
    assert.ok(width >= 44 && height >= 44, `${await button.getAttribute('aria-label')}: ${width} x ${height}`);
  }
});

/** Presses Tab until the focus leaves the widget; gives what had it, and how many pixels each focus changes by 3:1. */
async function walk(page, limit = 30) {
  const focused = () => page.evaluate(() => {
    const control = document.querySelector('chatloom-widget').shadowRoot.activeElement;
    if (!control) return null;
    const { x, y, width, height } = control.getBoundingClientRect();
    const name = `${control.localName} ${control.ariaLabel || control.textContent.slice(0, 20) || control.placeholder}`;
    return { name, box: { x, y, width, height } };
  });
  const stops = [];
  for (let press = 0; press < limit; press++) {
    await page.keyboard.press('Tab');
    await comeToRest(page);
    const stop = await focused();
    if (!stop) break;
    const withFocus = await pictureOf(page, stop.box);
    // The same place without the focus, and nothing else moved: focus goes nowhere and comes back.
    await page.evaluate(() => {
      window.stop = document.querySelector('chatloom-widget').shadowRoot.activeElement;
      stop.blur();
    });
    await comeToRest(page);
    const without = await pictureOf(page, stop.box);
    await page.evaluate(() => stop.focus({ preventScroll: true }));
    stops.push({ ...stop, changed: await pixelsThatChanged(page, withFocus, without, 3) });
  }
  return stops;
}

for (const [colour, scheme] of [['#4f46e5', 'light'], ['#4f46e5', 'dark'], ['#facc15', 'light'], ['#facc15', 'dark']]) {
  test(`the focus can be seen on every control: ${colour}, ${scheme}`, async () => {
    const visitor = await visit({ colorScheme: scheme }, colour);
    await visitor.widget.open();
    await fillThread(visitor);
    await visitor.widget.launcher.focus();
    await visitor.page.keyboard.press('Shift+Tab');
    const stops = await walk(visitor.page);
    const names = stops.map(({ name }) => name).join(', ');
    for (const part of ['Close chat', 'New conversation', 'Messages', 'Copy code', 'Try again', 'textarea', 'Send message']) {
      assert.ok(names.includes(part), `${part} was not reached: ${names}`);
    }
    // About as much as a line of one pixel around the control, without its rounded corners.
    const unseen = stops.filter(({ box, changed }) => changed < 2 * (Math.min(box.width, 360) + Math.min(box.height, 300)) * 0.6);
    assert.deepEqual(unseen, []);
  });
}

test('where the system chooses the colours, every control has a border or an underline', async () => {
  const visitor = await visit({ forcedColors: 'active' });
  const bare = () => visitor.page.evaluate(() => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    const hasBorder = (element) => {
      const style = getComputedStyle(element);
      return ['Top', 'Bottom', 'Left', 'Right'].every((side) => {
        return parseFloat(style[`border${side}Width`]) >= 1 && style[`border${side}Style`] === 'solid' && style[`border${side}Color`] !== style.backgroundColor;
      });
    };
    return Array.from(root.querySelectorAll('button, textarea, a[href]'))
      .filter((control) => control.checkVisibility({ visibilityProperty: true }))
      .filter((control) => {
        if (control.localName === 'a') return !getComputedStyle(control).textDecorationLine.includes('underline');
        return !hasBorder(control) && !(control.localName === 'textarea' && hasBorder(control.parentElement));
      })
      .map((control) => `${control.localName} ${control.ariaLabel || control.textContent}`);
  });
  assert.deepEqual(await bare(), []);
  await visitor.widget.open();
  await comeToRest(visitor.page);
  assert.deepEqual(await bare(), []);
  await fillThread(visitor);
  await comeToRest(visitor.page);
  assert.deepEqual(await bare(), []);
});

test('code and tables that scroll sideways can be focused and scrolled by keyboard', async () => {
  const { page, widget } = await visit();
  await widget.open();
  const wide = Array.from({ length: 14 }, (_, column) => `column number ${column}`);
  model.answer = () => [`\`\`\`\n${'x'.repeat(400)}\n\`\`\`\n\n| ${wide.join(' | ')} |\n|${'---|'.repeat(14)}\n| ${wide.join(' | ')} |`];
  await widget.ask('Something wide');
  await widget.answers.locator('table').waitFor();
  await widget.settled();
  for (const wideOne of [widget.answers.locator('pre'), widget.answers.locator('[tabindex="0"]:has(> table)')]) {
    assert.ok(await wideOne.evaluate((element) => element.scrollWidth > element.clientWidth));
    await wideOne.focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('chatloom-widget').shadowRoot.activeElement.scrollLeft > 0);
  }
});
