// Stands in for the server: the widget's requests are answered from a scene, all others go their way.

import { EN } from './texts.js';
import { answer, json, refusal, stops } from './wire.js';

/** @typedef {import('./scenes.js').Scene} Scene */

const API = '/api/widget-chat/';

/** Ids as the service makes them: the version stands in the third group. */
const ID = '0192f3a0-5c1e-7a00-8000-';

/**
 * @param {number} index  of the scene; scenes of one page share the browser's storage, so each has a widget of its own
 */
export function widgetIdOf(index) {
  return ID + String(index).padStart(12, '0');
}

/**
 * Answers the widget's requests from now on.
 *
 * @param {Scene} scene
 * @param {string} widgetId
 */
export function standIn(scene, widgetId) {
  const fetched = window.fetch.bind(window);
  const replies = [...(scene.replies ?? [])];
  let turns = 0;
  const nextTurn = () => `${ID}7${String(++turns).padStart(10, '0')}0`;

  /** @type {[string, RegExp, (match: RegExpExecArray, signal?: AbortSignal | null) => Response | Promise<Response>][]} */
  const routes = [
    ['GET', /^init$/, () => json({ widgetId, name: 'Loomwood & Co.', customization: { avatarUrl: null, ...scene.look } })],
    ['POST', /^sessions$/, () => json({ sessionId: sessionIdOf(widgetId), sessionSecret: 'cls_gallery', createdAt: now() }, 201)],
    ['GET', /^sessions\/[^/]+\/messages$/, () => scene.history?.({ turn: nextTurn() }) ?? json({ messages: [] })],
    ['POST', /^sessions\/[^/]+\/messages$/, (_, signal) => next(signal)],
    ['GET', /\/turns\/([^/]+)\/events$/, ([, turn], signal) => scene.resumed?.({ turn, signal }) ?? new Response(null, { status: 204 })],
    ['POST', /\/turns\/([^/]+)\/retry$/, (_, signal) => next(signal)],
    ['POST', /\/turns\/([^/]+)\/stop$/, ([, turn]) => (stops.get(turn)?.(), json({ turnId: turn }, 202))],
    ['POST', /\/feedback$/, () => new Response(null, { status: 204 })],
  ];

  /** @param {AbortSignal | null} [signal] */
  function next(signal) {
    // Whoever tries the widget in its frame goes on with it.
    const reply = replies.shift() ?? answer(EN.short);
    return reply({ turn: nextTurn(), signal });
  }

  window.fetch = async (input, options = {}) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (!url.pathname.startsWith(API)) return fetched(input, options);
    for (const [method, path, reply] of routes) {
      const match = path.exec(url.pathname.slice(API.length));
      if (match && method === (options.method ?? 'GET')) return reply(match, options.signal);
    }
    return refusal(404, 'route_not_found', 'there is nothing at this path')({ turn: '' });
  };
}

/** @param {string} widgetId */
export function sessionIdOf(widgetId) {
  return widgetId.replace('-8000-', '-8001-');
}

function now() {
  return new Date().toISOString();
}
