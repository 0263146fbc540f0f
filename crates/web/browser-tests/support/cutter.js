// A way to the server that can be cut, as a network does it: in the middle of an answer, without a goodbye.

import { connect, createServer } from 'node:net';

/** Passes connections on to the server at `base`; `cut` breaks all of them. */
export async function startCutter(base) {
  const { hostname, port } = new URL(base);
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => other.destroy());
      socket.on('close', () => (other.destroy(), sockets.delete(socket)));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    cut,
    close: () => new Promise((resolve) => (server.close(resolve), cut())),
  };
}
