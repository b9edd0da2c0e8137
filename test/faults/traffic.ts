import { connect, type Socket } from 'node:net';

/** The system's own traffic: clients that ask again and again, over connections that they keep or not. */
export interface Traffic extends Disposable {
  answers: number;
  failures: number;
}

export function startTraffic(
  address: string,
  options: { clients?: number; keep?: boolean; question?: string } = {},
): Traffic {
  const [host = '', port = ''] = address.split(':');
  const traffic = { answers: 0, failures: 0, [Symbol.dispose]: stop };
  const sockets = new Set<Socket>();
  let over = false;
  for (let n = 0; n < (options.clients ?? 2); n++) open();
  return traffic;

  function open(): void {
    if (over) return;
    const socket = connect({ host, port: Number(port), noDelay: true });
    sockets.add(socket);
    const ask = () => socket.write(options.question ?? '*1\r\n$4\r\nPING\r\n');
    socket.on('connect', ask);
    socket.on('data', () => {
      traffic.answers++;
      if (options.keep === false) socket.end();
      else setTimeout(ask, 5);
    });
    socket.on('error', () => traffic.failures++);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, 10);
    });
  }

  function stop(): void {
    over = true;
    for (const socket of sockets) socket.destroy();
  }
}
