// The widget as a visitor meets it, by roles and labels.

import assert from 'node:assert/strict';

/** The parts of the widget on a page. */
export function widgetOn(page) {
  return {
    launcher: page.getByRole('button', { name: /^(Open|Close) chat$/ }).first(),
    panel: page.getByRole('dialog'),
    box: page.locator('.cw textarea'),
    questions: page.locator('.question'),
    answers: page.locator('.answer'),
    problem: page.getByRole('alert'),

    async open() {
      await this.launcher.click();
      await this.panel.waitFor();
    },

    async ask(text) {
      await this.box.fill(text);
      await this.box.press('Enter');
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

/** The text of the last answer. */
export async function lastAnswer(page) {
  const text = await page.locator('.answer .text').last().innerText();
  assert.ok(text, 'the answer is empty');
  return text;
}

/** Waits until nothing in the widget moves. */
export async function comeToRest(page) {
  await page.evaluate(async () => {
    const moving = document.querySelector('chatloom-widget').shadowRoot.getAnimations();
    await Promise.all(moving.map((animation) => animation.finished.catch(() => {})));
  });
}
