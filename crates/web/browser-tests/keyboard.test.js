// The widget without a mouse and without a screen: where the focus goes, what Escape does, and what is read aloud.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startChatloom } from './support/chatloom.js';
import { launchChromium } from './support/chromium.js';
import { serveHostPage } from './support/host-page.js';
import { dictate, startModel } from './support/model.js';
import { failSends } from './support/refusals.js';
import { comeToRest, widgetOn } from './support/widget.js';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let chatloom, chromium, model, shop;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
  const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent, customization: { starterPrompts: ['Prices?'] } });
  shop = await serveHostPage(`<a id="before" href="#">before</a>${embedCode}<a id="after" href="#">after</a>`);
});

after(async () => {
  await chromium?.close();
  await shop?.close();
  await chatloom?.stop();
  await model?.close();
});

async function visit(options) {
  const page = await chromium.newPage(options);
  await page.goto(shop.origin);
  const widget = widgetOn(page);
  await widget.launcher.waitFor();
  return { page, widget };
}

/** What has the focus: the name of a control in the widget, or the id of an element of the page. */
function focused(page) {
  return page.evaluate(() => {
    const inside = document.querySelector('chatloom-widget').shadowRoot.activeElement;
    return inside ? inside.ariaLabel || inside.localName : document.activeElement.id || document.activeElement.localName;
  });
}

/** Presses a key again and again; gives what had the focus after each. */
async function press(page, key, times) {
  const seen = [];
  for (let at = 0; at < times; at++) {
    await page.keyboard.press(key);
    seen.push(await focused(page));
  }
  return seen;
}

test('Escape closes the panel from every control in it, and the page hears nothing of it', async () => {
  const { page, widget } = await visit();
  await page.evaluate(() => {
    window.heard = [];
    for (const name of ['keydown', 'keyup', 'keypress']) addEventListener(name, ({ key }) => heard.push(key));
  });
  for (const name of ['Close chat', 'New conversation', 'Messages', 'Prices?', 'Write a message…']) {
    await widget.open();
    const control = widget.panel.locator(':is(button, textarea, [tabindex="0"])').and(page.getByLabel(name).or(page.getByText(name, { exact: true })));
    await control.focus();
    await page.keyboard.press('Escape');
    await widget.panel.waitFor({ state: 'hidden' });
    assert.equal(await focused(page), 'Open chat', name);
  }
  assert.deepEqual(await page.evaluate(() => heard), []);
});

test('on a large screen Tab leads through the panel and out of it, to the page', async () => {
  const { page, widget } = await visit();
  await widget.open();
  const onwards = await press(page, 'Tab', 12);
  assert.ok(onwards.includes('after') || onwards.includes('before') || onwards.includes('body'), `the focus was kept: ${onwards}`);
  await widget.box.focus();
  const backwards = await press(page, 'Shift+Tab', 12);
  assert.ok(backwards.some((name) => ['after', 'before', 'body'].includes(name)), `the focus was kept: ${backwards}`);
  assert.equal(await widget.panel.getAttribute('aria-modal'), null);
});

test('on a phone Tab stays in the sheet, in both directions', async () => {
  const { page, widget } = await visit(PHONE);
  await widget.launcher.tap();
  await widget.panel.waitFor();
  await comeToRest(page);
  for (const key of ['Tab', 'Shift+Tab']) {
    const seen = await press(page, key, 12);
    assert.ok(seen.every((name) => !['after', 'before', 'body', 'Open chat'].includes(name)), `${key}: ${seen}`);
    assert.ok(new Set(seen).size >= 5, `${key} goes nowhere: ${seen}`);
  }
});

test('the focus stays in the box while an answer is written', async () => {
  const { page, widget } = await visit();
  await widget.open();
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  answer.say('Something.\n\nMore');
  await widget.answers.getByText('More').waitFor();
  assert.equal(await focused(page), 'Write a message…');
  answer.end();
  await widget.settled();
  assert.equal(await focused(page), 'Write a message…');
});

test('an Enter that ends the input of a word does not send', async () => {
  const { widget } = await visit();
  await widget.open();
  await widget.box.fill('にほん');
  const enter = (isComposing) => widget.box.evaluate((box, composing) => {
    return box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, isComposing: composing }));
  }, isComposing);
  assert.equal(await enter(true), true);
  assert.equal(await widget.questions.count(), 0);
  assert.equal(await widget.box.inputValue(), 'にほん');
  model.answer = () => ['Yes.'];
  assert.equal(await enter(false), false);
  await widget.questions.waitFor();
  await widget.settled();
});

test('every message names its author for who cannot see where it stands', async () => {
  const { widget } = await visit();
  await widget.open();
  model.answer = () => ['An answer.'];
  await widget.ask('A question');
  await widget.settled();
  assert.match(await widget.questions.innerText(), /^You said:\s+A question$/);
  assert.match(await widget.answers.innerText(), /^The assistant said:\s+An answer\./);
});

test('what is read aloud has no marks, dividers or addresses, and each block comes whole and once', async () => {
  const { page, widget } = await visit();
  await widget.open();
  const answer = dictate();
  model.answer = () => answer.pieces;
  await widget.ask('Go on');
  const heard = page.locator('[role=log] p');
  answer.say('# A **head**\n\nSee [our terms](https://example.com/terms), half of');
  await widget.answers.getByText('half of').waitFor();
  assert.deepEqual(await heard.allInnerTexts(), ['A head']);
  answer.say(' it.\n\n| Size | Price |\n|:-----|------:|\n| *S* | `5` |\n\n- [x] one\n- two, **three** and four\n  - five\n\n~~~js\nrun()\n~~~\n\nThe end.');
  answer.end();
  await widget.settled();
  const all = await heard.allInnerTexts();
  assert.equal(all.length, 6);
  assert.deepEqual(all.slice(0, 4), ['A head', 'See our terms, half of it.', 'Size, Price. S, 5', 'one. two, three and four. five']);
  assert.equal(all[5], 'The end.');
  assert.doesNotMatch(all.join('\n'), /[*#|`~]|https?:|-{2}/);

  // At most six are kept, the newest.
  model.answer = () => ['Seventh.\n\nEighth.'];
  await widget.ask('And?');
  await page.locator('[role=log]', { hasText: 'Eighth.' }).waitFor({ state: 'attached' });
  await widget.settled();
  const kept = await heard.allInnerTexts();
  assert.equal(kept.length, 6);
  assert.deepEqual(kept.slice(-3), ['The end.', 'Seventh.', 'Eighth.']);
});

test('what went wrong is read aloud at once, and its button is reached by Tab', async () => {
  const { page, widget } = await visit();
  await widget.open();
  await failSends(page, 1, 503, 'overloaded');
  await widget.ask('Hello');
  await widget.again.waitFor();
  assert.equal(await widget.problem.count(), 1);
  const stops = await press(page, 'Shift+Tab', 6);
  // The only button whose name is its text.
  assert.ok(stops.includes('button'), `the button was not reached: ${stops}`);
  model.answer = () => ['Here I am.'];
  await press(page, 'Tab', stops.length - 1 - stops.indexOf('button'));
  assert.equal(await focused(page), 'button');
  await page.keyboard.press('Enter');
  await widget.answers.getByText('Here I am.').waitFor();
  await widget.settled();
  assert.equal(await widget.problem.count(), 0);
  assert.notEqual(await focused(page), 'body');
});
