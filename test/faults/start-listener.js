// A restart command as people write them: starts a daemon on the given port and ends itself.
import { spawn } from 'node:child_process';

const daemon = `
  require('node:net').createServer((socket) => socket.on('error', () => undefined)).listen(${Number(process.argv[2])}, '127.0.0.1');
  setTimeout(() => process.exit(), 20_000);
`;
spawn(process.execPath, ['-e', daemon], { detached: true, stdio: 'ignore' }).unref();
