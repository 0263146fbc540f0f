// Answers to the widget's requests that the server does not give at a test's wish.

export const MESSAGES = '**/api/widget-chat/sessions/*/messages';

/** Answers the next `times` sends like this instead of the server. */
export async function failSends(page, times, status, code, headers = {}) {
  let left = times;
  await page.route(MESSAGES, (route) => {
    if (route.request().method() !== 'POST' || left === 0) return route.fallback();
    left--;
    return refuse(route, status, code, headers);
  });
}

export function refuse(route, status, code, headers) {
  return route.fulfill({
    status,
    headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'Retry-After', ...headers },
    json: { status, error: 'Error', message: 'no', code },
  });
}

/** Answers the next send with this event stream, which then ends. */
export async function streamOnce(page, body) {
  let done = false;
  await page.route(MESSAGES, (route) => {
    if (route.request().method() !== 'POST' || done) return route.fallback();
    done = true;
    const headers = { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/event-stream' };
    return route.fulfill({ status: 200, headers, body });
  });
}
