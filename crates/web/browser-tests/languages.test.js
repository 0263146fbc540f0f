// Fourteen languages: which one is spoken, that all of it is, and how it is laid out.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { withAttributes } from './support/calls.js';
import { startChatloom } from './support/chatloom.js';
import { keepScreenshot, launchChromium } from './support/chromium.js';
import { findClippedTexts, findSideways } from './support/fit.js';
import { serveHostPage } from './support/host-page.js';
import { LANGUAGES } from './support/languages.js';
import { startModel } from './support/model.js';
import { comeToRest } from './support/widget.js';

const RIGHT_TO_LEFT = ['ar', 'he'];
const PHONE = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };

let chatloom, chromium, model;

before(async () => {
  model = await startModel();
  chatloom = await startChatloom(model.env);
  chromium = await launchChromium();
});

after(async () => {
  await chromium?.close();
  await chatloom?.stop();
  await model?.close();
});

/** A page with a widget, closed. The widget's parts are found by their places, since their names are what is tried. */
async function visit(t, { attributes = '', locale, pageLanguage = 'en', strings, options = {} } = {}) {
  const { embedCode } = await chatloom.dashboard.createWidget({ agent: model.agent, customization: { ...(locale && { locale }), ...(strings && { strings }) } });
  const extra = `<script>document.documentElement.lang = '${pageLanguage}'</script>`;
  const site = await serveHostPage(withAttributes(embedCode, attributes), { extra });
  t.after(() => site.close());
  const page = await chromium.newPage(options);
  t.after(() => page.context().close());
  const panels = [];
  page.on('request', (request) => request.url().includes('/widget/panel-') && panels.push(request.url()));
  await page.goto(site.origin);
  const launcher = page.locator('.launcher');
  await launcher.waitFor();
  return { page, launcher, panels, panel: page.locator('.cw'), box: page.locator('.cw textarea') };
}

async function open({ page, launcher }) {
  await launcher.click();
  await page.locator('.cw.open .welcome').waitFor();
  await comeToRest(page);
}

async function ask({ page, box }, question, answer) {
  model.answer = () => [answer];
  await box.fill(question);
  await box.press('Enter');
  await page.locator('.answer .text:not(:empty)').last().waitFor();
  await page.locator('.scroller[aria-busy=false]').waitFor();
}

const nameOf = (locator) => locator.getAttribute('aria-label');

for (const [tag, texts] of Object.entries(LANGUAGES)) {
  test(`${tag}: everything is said in it, and fits a narrow phone`, async (t) => {
    const visitor = await visit(t, { attributes: `data-locale="${tag}"`, options: PHONE });
    const { page, launcher, panel, panels, box } = visitor;
    assert.equal(await nameOf(launcher), texts.open);
    await open(visitor);
    assert.equal(await panel.getAttribute('lang'), tag);
    assert.equal(await panel.getAttribute('dir'), RIGHT_TO_LEFT.includes(tag) ? 'rtl' : 'ltr');
    assert.equal(await nameOf(launcher), texts.close);
    assert.equal(await page.locator('.welcome').innerText(), texts.greeting);
    assert.equal(await page.locator('.status').innerText(), texts.assistant);
    assert.equal(await page.locator('.hint').innerText(), texts.disclaimer);
    assert.equal(await box.getAttribute('placeholder'), texts.placeholder);
    const names = await page.locator('.cw :is(button, [role=region])').evaluateAll((all) => all.map((one) => one.ariaLabel));
    for (const name of ['close', 'restart', 'send', 'messages']) assert.ok(names.includes(texts[name]), `${name}: ${names}`);
    assert.deepEqual(await fitting(page), []);

    await ask(visitor, 'Hello', 'Yes:\n\n```\ncode\n```');
    assert.match(await page.locator('.question').innerText(), new RegExp(`^${texts.you}`));
    assert.match(await page.locator('.answer').innerText(), new RegExp(`^${texts.they}`));
    assert.equal(await nameOf(page.locator('.code button')), texts.copy);
    assert.deepEqual(await fitting(page), []);
    assert.equal(panels.length, 1);
    assert.ok(panels[0].endsWith(`-${tag}.js`), panels[0]);
    await keepScreenshot(page, `language-${tag}`);
  });
}

/** What does not fit. */
function fitting(page) {
  return page.evaluate((finders) => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    return finders.flatMap((source) => new Function('root', `return (${source})(root)`)(root));
  }, [findClippedTexts.toString(), findSideways.toString()]);
}

const CHOICES = [
  ['the script beats the owner', { attributes: 'data-locale="fr"', locale: 'de', pageLanguage: 'it' }, 'fr'],
  ['the owner beats the page', { locale: 'de', pageLanguage: 'it' }, 'de'],
  ['the page beats the browser', { pageLanguage: 'it', options: { locale: 'ja-JP' } }, 'it'],
  ['the browser where the page names none', { pageLanguage: '', options: { locale: 'ja-JP' } }, 'ja'],
  ['the browser where the page speaks one that we do not', { pageLanguage: 'cy', options: { locale: 'ko-KR' } }, 'ko'],
  ['a region is passed over', { attributes: 'data-locale="pt-BR"' }, 'pt'],
  ['upper case is passed over', { attributes: 'data-locale="DE-AT"' }, 'de'],
  ['one that we do not speak is passed over', { attributes: 'data-locale="cy"', pageLanguage: 'nl' }, 'nl'],
  ['English in the end', { pageLanguage: 'cy', options: { locale: 'cy-GB' } }, 'en'],
];

for (const [name, asked, spoken] of CHOICES) {
  test(`the language: ${name}`, async (t) => {
    const visitor = await visit(t, asked);
    assert.equal(await nameOf(visitor.launcher), LANGUAGES[spoken].open);
    await open(visitor);
    assert.equal(await visitor.panel.getAttribute('lang'), spoken);
    assert.equal(await visitor.box.getAttribute('placeholder'), LANGUAGES[spoken].placeholder);
  });
}

test('texts of the owner stand in the place of ours, and the others stay', async (t) => {
  const strings = { de: { open: 'Fragen?', send: 'Abschicken', disclaimer: '<b>Ohne Gewähr</b>' }, fr: { send: 'Allez' } };
  const visitor = await visit(t, { attributes: 'data-locale="de"', strings });
  assert.equal(await nameOf(visitor.launcher), 'Fragen?');
  await open(visitor);
  assert.equal(await nameOf(visitor.page.locator('.send')), 'Abschicken');
  assert.equal(await visitor.page.locator('.hint').innerText(), '<b>Ohne Gewähr</b>');
  assert.equal(await visitor.box.getAttribute('placeholder'), LANGUAGES.de.placeholder);
});

test('a language that only the owner speaks is spoken, and English where it says nothing', async (t) => {
  const strings = { sv: { open: 'Öppna chatten', placeholder: 'Skriv ett meddelande…' } };
  const visitor = await visit(t, { attributes: 'data-locale="sv-SE"', strings });
  assert.equal(await nameOf(visitor.launcher), 'Öppna chatten');
  await open(visitor);
  assert.equal(await visitor.panel.getAttribute('lang'), 'sv');
  assert.equal(await visitor.box.getAttribute('placeholder'), 'Skriv ett meddelande…');
  assert.equal(await nameOf(visitor.page.locator('.send')), LANGUAGES.en.send);
  assert.ok(visitor.panels[0].endsWith('-en.js'), visitor.panels[0]);
});

for (const tag of RIGHT_TO_LEFT) {
  test(`${tag} is laid out from right to left, and what is not written so is not`, async (t) => {
    const visitor = await visit(t, { attributes: `data-locale="${tag}"` });
    const { page, box } = visitor;
    await open(visitor);
    const placeOf = (selector) => page.locator(selector).first().boundingBox();
    const panel = await placeOf('.cw');
    // The corner is the owner's, and no matter of language.
    assert.equal(panel.x + panel.width, 1260);
    const [avatar, close] = [await placeOf('.cw header .avatar'), await placeOf('.cw header .tool:last-child')];
    assert.ok(avatar.x > close.x + 200, 'the header is not turned round');
    const [field, send] = [await placeOf('.cw textarea'), await placeOf('.send')];
    assert.ok(send.x < field.x, 'the box is not turned round');
    const alignment = await box.evaluate((element) => [getComputedStyle(element).direction, getComputedStyle(element).textAlign, element.dir]);
    assert.deepEqual(alignment, ['rtl', 'start', '']);

    await ask(visitor, 'An English question', 'English text.\n\n```\nlet a = 1;\n```\n\n- one\n');
    const bubble = await placeOf('.question > div');
    assert.ok(bubble.x < panel.x + 40, 'the question stands on the wrong side');
    const directions = await page.evaluate(() => {
      const root = document.querySelector('chatloom-widget').shadowRoot;
      return ['.question [dir]', '.answer .text', '.answer pre code'].map((selector) => getComputedStyle(root.querySelector(selector)).direction);
    });
    assert.deepEqual(directions, ['ltr', 'ltr', 'ltr']);
    await box.fill('English');
    assert.equal(await box.evaluate((element) => getComputedStyle(element).direction), 'ltr');
    await keepScreenshot(page, `right-to-left-${tag}`);
  });
}
