// The widget as a visitor meets it, by roles and labels.

import assert from 'node:assert/strict';

/** A question whose answer from the scripted model takes about four seconds: it is quoted in it, up to 280 characters. */
export const LONG = 'Tell me more, '.repeat(19) + 'please.';

/** The parts of the widget on a page. */
export function widgetOn(page) {
  return {
    launcher: page.getByRole('button', { name: /^(Open|Close) chat$/ }).first(),
    panel: page.getByRole('dialog'),
    box: page.locator('.cw textarea'),
    questions: page.locator('.question'),
    answers: page.locator('.answer'),
    problem: page.getByRole('alert'),
    stop: page.getByRole('button', { name: 'Stop answering' }),
    again: page.getByRole('button', { name: 'Try again', exact: true }),

    async open() {
      await this.launcher.click();
      await this.panel.waitFor();
    },

    async ask(text) {
      await this.box.fill(text);
      await this.box.press('Enter');
    },

    /** Asks, and waits until the answer has some text. */
    async askAtLength() {
      const before = await this.answers.count();
      await this.ask(LONG);
      await this.answers.nth(before).locator('.text', { hasText: 'more' }).waitFor();
    },

    /** Loads the page again, on which the open panel opens by itself. */
    async reload() {
      await page.reload();
      await this.panel.waitFor();
    },

    /** Waits until nothing is being loaded or written. */
    async settled() {
      await page.locator('.scroller[aria-busy=false]').waitFor();
    },
  };
}

/** Watches the last answer's text until it has stopped; gives every different length that was seen. */
export async function watchGrowth(page) {
  return page.evaluate(async () => {
    const root = document.querySelector('chatloom-widget').shadowRoot;
    const lengths = [];
    for (;;) {
      const texts = root.querySelectorAll('.answer .text');
      const length = texts[texts.length - 1]?.textContent.length ?? 0;
      if (length !== lengths[lengths.length - 1]) lengths.push(length);
      const busy = root.querySelector('.scroller').ariaBusy === 'true';
      if (!busy && length > 0) return lengths;
      await new Promise(requestAnimationFrame);
    }
  });
}

/** Half a mark at the end may be shown until its other half arrives. */
const MARK = 3;

/** Fails where an answer became shorter on its way, as it does when a piece came twice or what was there went away. */
export function assertGrew(lengths) {
  const shrunk = lengths.findIndex((length, index) => length < lengths[index - 1] - MARK);
  assert.equal(shrunk, -1, `the answer shrank: ${lengths}`);
}

/** The text of the last answer. */
export async function lastAnswer(page) {
  const text = await page.locator('.answer .text').last().innerText();
  assert.ok(text, 'the answer is empty');
  return text;
}

/** Waits until nothing in the widget moves, but for what moves for as long as it is there. */
export async function comeToRest(page) {
  await page.evaluate(async () => {
    const moving = document.querySelector('chatloom-widget').shadowRoot.getAnimations();
    const ending = moving.filter((animation) => animation.effect.getComputedTiming().endTime !== Infinity);
    await Promise.all(ending.map((animation) => animation.finished.catch(() => {})));
  });
}
