// Markdown into nodes, in a real DOM: what it becomes, whole and streamed, and that hostile text stays cheap.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchChromium } from './support/chromium.js';
import { prepareMarkdown, serveModules } from './support/modules.js';
import { HOSTILE, SAMPLES } from './support/samples.js';

/** Milliseconds that one hostile text may take on a busy machine; a quadratic renderer needs seconds. */
const HOSTILE_LIMIT = 400;

let chromium, modules, page;

before(async () => {
  chromium = await launchChromium();
  modules = await serveModules();
  page = await chromium.newPage();
  await prepareMarkdown(page, modules.origin);
  await page.evaluate(defineShorthand);
});

after(async () => {
  await chromium?.close();
  await modules?.close();
});

/** Defines `shorthand` in the page: the markup of nodes without what every link, heading and table has. */
function defineShorthand() {
  window.shorthand = (container) => {
    const copy = container.cloneNode(true);
    for (const frame of copy.querySelectorAll('.code')) {
      const code = document.createElement('c');
      code.append(frame.querySelector('pre code').textContent);
      code.setAttribute(frame.querySelector('.bar').textContent, '');
      frame.replaceWith(code);
    }
    return copy.innerHTML
      .replace(/<code dir="ltr">/g, '<code>')
      .replace(/<c ([a-z]+)="">/g, '<c $1>')
      .replace(/<a href="([^"]*)"[^>]*>/g, '<a $1>')
      .replace(/<div class="h h\d" role="heading" aria-level="(\d)">(.*?)<\/div>/g, '<h $1>$2</h>')
      .replace(/<(t[hd]) class="(\w+)">/g, '<$1 $2>')
      .replace(/<div class="table"[^>]*><table>(.*?)<\/table><\/div>/g, (_, rows) => `<t>${rows}</t>`)
      .replace(/<\/?(thead|tbody)>/g, '')
      .replace(/<\/tr><tr>/g, '/')
      .replace(/<\/?tr>/g, '');
  };
}

for (const [source, expected] of SAMPLES) {
  test(`${JSON.stringify(source)} becomes the right nodes`, async () => {
    assert.equal(await page.evaluate((text) => shorthand(draw(text)), source), expected);
  });
}

test('a streamed text ends as the same nodes, whatever the pieces', async () => {
  const sources = [...SAMPLES.map(([source]) => source), SAMPLES.map(([source]) => source).join('\n\n')];
  const different = await page.evaluate((texts) => {
    return texts.filter((text) => [1, 3, 7].some((size) => !drawStreamed(text, size).isEqualNode(draw(text))));
  }, sources);
  assert.deepEqual(different, []);
});

test('no raw marks flash by while marked text streams', async () => {
  const source = 'Some **bold** and *italic* and `code` and [a link](https://example.com/path) end.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nx\n```\n\n- one\n- two\n\n# Head';
  const raw = await page.evaluate((text) => {
    const flashes = [];
    drawStreamed(text, 1, (container, end) => {
      if (/[*`\[\]|#]|\(http/.test(container.textContent)) flashes.push([end, container.textContent]);
    });
    return flashes;
  }, source);
  assert.deepEqual(raw, []);
});

test('a finished block keeps its nodes while later ones arrive', async () => {
  const kept = await page.evaluate(() => {
    const firsts = new Set();
    drawStreamed('First paragraph.\n\nSecond, which **grows** and grows.\n\n- and\n- a list', 1, (container, end) => {
      if (end > 20) firsts.add(container.firstElementChild);
    });
    return firsts.size;
  });
  assert.equal(kept, 1);
});

test('hostile text stays cheap, whole and while it is still open', async () => {
  const slow = await page.evaluate(
    ([texts, limit]) => {
      const took = texts.flatMap((text) => [false, true].map((open) => {
        const begin = performance.now();
        draw(text, open);
        return [text.slice(0, 12), open, Math.round(performance.now() - begin)];
      }));
      return took.filter(([, , ms]) => ms > limit);
    },
    [HOSTILE, HOSTILE_LIMIT],
  );
  assert.deepEqual(slow, []);
});

test('S17: random and malformed text never throws', async () => {
  const failures = await page.evaluate(() => {
    // A fixed sequence, so that a failure can be repeated (numerical recipes' linear congruence).
    let state = 20260217;
    const next = (limit) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % limit;
    const parts = ['*', '**', '_', '`', '```', '\n', '\n\n', '[', '](', ')', '!', '|', '|-|', '- ', '1. ', '> ', '# ', '~~', '\\', '<', '>', '&', 'https://a.b', ' ', 'word', 'é', '  ', '---', '@', '[x] '];
    const thrown = [];
    for (let round = 0; round < 10_000; round++) {
      const text = Array.from({ length: 1 + next(24) }, () => parts[next(parts.length)]).join('');
      try {
        if (!drawStreamed(text, 3).isEqualNode(draw(text))) thrown.push(['differs', text]);
      } catch (error) {
        thrown.push([error.message, text]);
      }
    }
    return thrown.slice(0, 5);
  });
  assert.deepEqual(failures, []);
});
