import { connect, createServer, type Socket } from 'node:net';

/** A link of the shop that a test can slow down or cut: a small TCP proxy. */
export interface Link extends AsyncDisposable {
  /** Everything that comes back is this much late. */
  delayMs: number;
  /** Cuts all connections and refuses new ones; or mends. */
  cut(down: boolean): void;
}

export async function openLink(listen: number, upstream: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let down = false;
  const server = createServer((near) => {
    if (down) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(upstream, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      if (link.delayMs === 0) near.write(chunk);
      else setTimeout(() => near.destroyed || near.write(chunk), link.delayMs);
    });
  });
  const link: Link = {
    delayMs: 0,
    cut(cut) {
      down = cut;
      if (cut) for (const socket of sockets) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, '127.0.0.1', resolve);
  });
  return link;
}
