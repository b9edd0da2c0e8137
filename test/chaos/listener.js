// A small server, and the command that starts it again as people write one: `listener.js start <port>` leaves the server
// behind and ends. The server lives with a bare environment, since it outlives whatever started it. GET /end ends it.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const [what, port] = process.argv.slice(2);
if (what === 'start') {
  const options = { detached: true, stdio: 'ignore', env: { PATH: process.env['PATH'] } };
  spawn(process.execPath, [fileURLToPath(import.meta.url), 'serve', port], options).unref();
} else {
  const server = createServer((request, response) => {
    response.end('here', () => request.url === '/end' && process.exit(0));
  });
  server.on('error', () => process.exit(1));
  server.listen(Number(port), '127.0.0.1');
}
