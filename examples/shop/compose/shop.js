// The composed shop: node examples/shop/compose/shop.js up | down | demo
//   up     builds the image from what `npm ci` installed and compiled, starts everything, waits until the shop is ready
//   down   ends it, and removes its containers, its network and its volume
//   demo   up, a fault on a link and one on a container with a verdict on each, down
import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const READY_URL = 'http://127.0.0.1:7080/readyz';
const READY_LIMIT_MS = 60_000;

const commands = { up, down, demo };
const command = commands[process.argv[2] ?? ''];
if (command) {
  process.exitCode = await command();
} else {
  console.error(`Say what to do: ${Object.keys(commands).join(', ')}`);
  process.exitCode = 2;
}

async function up() {
  const compose = findCompose();
  if (!compose) return 3;
  if (!existsSync(join(ROOT, 'examples/shop/dist/gateway/main.js')) || !existsSync(join(ROOT, 'node_modules'))) {
    return complain(
      'The shop is not compiled.',
      'Run `npm ci` first: the image is made of what it installs and compiles.',
    );
  }
  const startedAt = performance.now();
  const code = compose(['up', '-d', '--build', '--remove-orphans']);
  if (code !== 0) {
    return complain(
      `Compose ended with exit code ${code}.`,
      "A port in use: end the other shop. An image that can't be pulled: `node test/support/docker-images.js` makes it.",
    );
  }
  for (;;) {
    if (await isReady()) break;
    if (performance.now() - startedAt > READY_LIMIT_MS) {
      compose(['ps']);
      compose(['logs', '--tail=5']);
      return complain(`${READY_URL} does not answer 200.`, 'See the logs above; `npm run docker:down` takes it down.');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`The composed shop is open after ${seconds} s: http://127.0.0.1:7080`);
  console.log(
    'Toxiproxy: http://127.0.0.1:8474/proxies   Prometheus: http://127.0.0.1:9090   The end: npm run docker:down',
  );
  return 0;
}

async function down() {
  const compose = findCompose();
  return compose ? compose(['down', '--volumes', '--remove-orphans']) : 3;
}

async function demo() {
  if (!findCompose()) return 3;
  try {
    const began = await up();
    if (began !== 0) return began;
    const container = readdirSync(join(ROOT, 'scenarios')).find((name) => /^container-.*\.yaml$/.test(name));
    const files = ['compose-latency.yaml', ...(container ? [container] : [])].map((name) => join('scenarios', name));
    return spawnSync(process.execPath, ['dist/cli.js', 'run', ...files], { cwd: ROOT, stdio: 'inherit' }).status ?? 3;
  } finally {
    await down();
  }
}

/** Runs Compose on the shop's file: the plug-in (v2) where it is there, else `docker-compose` (v1). */
function findCompose() {
  if (!answers('docker', ['version', '--format', '{{.Server.Version}}'])) {
    complain(
      'No Docker Engine answers.',
      'Start one (`systemctl start docker`, or Docker Desktop), or set DOCKER_HOST. Without Docker: `npm start`.',
    );
    return undefined;
  }
  const found = [['docker', 'compose'], ['docker-compose']].find(([program, ...first]) =>
    answers(program, [...first, 'version']),
  );
  if (!found) {
    complain('Docker Compose is not installed.', 'Install the plug-in docker-compose-v2, or docker-compose.');
    return undefined;
  }
  const [program, ...first] = found;
  // The old builder of version 1 takes local images as they are.
  const env = {
    ...process.env,
    ...(first.length === 0 ? { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' } : {}),
  };
  return (args) =>
    spawnSync(program, [...first, '-p', 'plimsoll-shop', ...args], { cwd: ROOT, env, stdio: 'inherit' }).status ?? 3;
}

function answers(program, args) {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/** Not with `fetch`: a connection that a container's port proxy drops left it without an end. */
function isReady() {
  return new Promise((resolve) => {
    const request = get(READY_URL, { agent: false }, (response) => {
      response.resume();
      end(response.statusCode === 200);
    });
    const timer = setTimeout(() => end(false), 2_000);
    request.on('error', () => end(false));
    function end(ready) {
      clearTimeout(timer);
      resolve(ready);
      if (!ready) request.destroy();
    }
  });
}

function complain(what, next) {
  console.error(`${what}\n  → ${next}`);
  return 3;
}
