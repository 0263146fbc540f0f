// Colours that follow from the owner's, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contrast, inkOn, paint, parse, readable } from '../web/panel/theme.js';

/** Every 15th step of each channel: 5,832 colours. */
function* sampledColours() {
  for (let r = 0; r < 256; r += 15) for (let g = 0; g < 256; g += 15) for (let b = 0; b < 256; b += 15) yield [r, g, b];
}

test('text on any brand colour reaches 4.5:1', () => {
  for (const colour of sampledColours()) {
    assert.ok(contrast(inkOn(colour), colour) >= 4.5, `rgb(${colour})`);
  }
});

test('links of any brand colour reach 4.5:1 on light and dark panels', () => {
  for (const paper of [[255, 255, 255], [23, 24, 28]]) {
    for (const colour of sampledColours()) {
      assert.ok(contrast(readable(colour, paper), paper) >= 4.5, `rgb(${colour}) on rgb(${paper})`);
    }
  }
});

test('only hex colours are colours', () => {
  assert.deepEqual(parse('#4f46e5'), [79, 70, 229]);
  assert.deepEqual(parse('#FC0'), [255, 204, 0]);
  assert.deepEqual(parse('#fc08'), [255, 204, 0]);
  assert.deepEqual(parse('#4F46E580'), [79, 70, 229]);
  for (const wrong of ['red', '#', '#ff', '#123456789', '#12345g', '#12345', '#1234567', 'url(x)', '#fff}body{', '', null, undefined]) {
    assert.equal(parse(wrong), undefined, String(wrong));
  }
});

test('a wrong colour changes nothing and gets nothing into the style sheet', () => {
  const attack = '#fff;}*{background:url(https://evil.example)';
  const attacked = paint({ primaryColor: attack, backgroundColor: attack, textColor: attack, userMessageBackground: attack }, false);
  assert.deepEqual(attacked, paint({}, false));
});

test('the theme follows the owner, else the system, and a background decides by its lightness', () => {
  assert.equal(paint({}, true).dark, true);
  assert.equal(paint({ theme: 'light' }, true).dark, false);
  assert.equal(paint({ theme: 'dark' }, false).dark, true);
  assert.equal(paint({ theme: 'light', backgroundColor: '#101010' }, false).dark, true);
});
