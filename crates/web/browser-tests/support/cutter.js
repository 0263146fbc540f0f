// A way to the server that can be cut, as a network does it: in the middle of an answer, without a goodbye.

import { connect, createServer } from 'node:net';

/**
 * Passes connections on to the server at `base`. `cut` breaks all of them; while `isDown`, new ones break at once; while
 * `isSilent`, nothing comes through; and each carries at most `limit()` bytes to the browser before it breaks.
 */
export async function startCutter(base) {
  const { hostname, port } = new URL(base);
  const pairs = new Set();
  const cutter = { isDown: false, isSilent: false, limit: () => Infinity };
  const server = createServer((near) => {
    if (cutter.isDown) return near.resetAndDestroy();
    const far = connect(Number(port), hostname);
    let left = cutter.limit();
    const pair = [near, far];
    const cut = () => (near.resetAndDestroy(), far.destroy(), pairs.delete(pair));
    pairs.add(pair);
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (cutter.isSilent) return;
      near.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left <= 0) near.end(cut);
    });
    near.on('error', cut).on('close', cut);
    far.on('error', cut).on('end', () => near.end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const [near, far] of pairs) near.resetAndDestroy(), far.destroy();
  };
  return Object.assign(cutter, {
    base: `http://127.0.0.1:${server.address().port}`,
    cut,
    close: () => new Promise((resolve) => (server.close(resolve), cut())),
  });
}
