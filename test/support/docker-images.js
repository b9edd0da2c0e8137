// Makes images under the official names from what is installed on this machine, for machines whose Docker Engine can't
// pull: the same programs in the same versions' places, with the official images' entry points. An image that is there
// already, pulled or made, stays as it is. Each one made here bears the label `plimsoll.made-of=local-programs`.
//
// Usage: node test/support/docker-images.js [name…]    (without names: all of them; --list prints the names)
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Enough of a Debian for a Dockerfile's RUN lines and for a look inside a container. */
const SHELL_TOOLS = ['sh', 'cat', 'chown', 'cp', 'env', 'id', 'ls', 'mkdir', 'rm', 'sleep'];

const IMAGES = {
  'node:20-bookworm-slim': {
    fill(root) {
      for (const tool of SHELL_TOOLS) addProgram(root, which(tool), `usr/bin/${tool}`);
      addProgram(root, which('node'), 'usr/local/bin/node');
      // …/npm/bin/npm-cli.js is what `npm` on the PATH leads to.
      const npm = dirname(dirname(realpathSync(which('npm'))));
      cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
      for (const tool of ['npm', 'npx']) {
        symlinkSync(`../lib/node_modules/npm/bin/${tool}-cli.js`, join(root, 'usr/local/bin', tool));
      }
      addAccount(root, 'node', 1000);
    },
    changes: ['ENV PATH=/usr/local/bin:/usr/bin:/bin', 'CMD ["node"]'],
  },
  'ghcr.io/shopify/toxiproxy:2.12.0': {
    fill(root) {
      const server = which(process.env.TOXIPROXY_SERVER ?? 'toxiproxy-server');
      const version = execFileSync(server, ['--version'], { encoding: 'utf8' });
      if (!version.includes('2.12.0') && !version.includes('git')) {
        throw new Error(`${server} is ${version.trim()}, and the image needs 2.12.0`);
      }
      addProgram(root, server, 'toxiproxy');
      try {
        addProgram(root, which('toxiproxy-cli'), 'toxiproxy-cli');
      } catch {
        // Nothing here needs it; the official image has it.
      }
    },
    changes: ['EXPOSE 8474', 'ENTRYPOINT ["/toxiproxy"]', 'CMD ["-host=0.0.0.0"]'],
  },
  'prom/prometheus:v2.42.0': {
    fill(root) {
      addProgram(root, which('prometheus'), 'bin/prometheus');
      addAccount(root, 'nobody', 65534);
      mkdirSync(join(root, 'etc/prometheus'), { recursive: true });
      mkdirSync(join(root, 'prometheus'));
      // So that the account that it runs as may write there.
      chmodSync(join(root, 'prometheus'), 0o777);
    },
    changes: [
      'USER nobody',
      'WORKDIR /prometheus',
      'EXPOSE 9090',
      'ENTRYPOINT ["/bin/prometheus"]',
      'CMD ["--config.file=/etc/prometheus/prometheus.yml","--storage.tsdb.path=/prometheus"]',
    ],
  },
};

const names = process.argv.slice(2);
if (names[0] === '--list') {
  console.log(Object.keys(IMAGES).join('\n'));
} else {
  for (const name of names.length > 0 ? names : Object.keys(IMAGES)) make(name);
}

function make(name) {
  const image = IMAGES[name];
  if (!image) throw new Error(`no image ${name}; known: ${Object.keys(IMAGES).join(', ')}`);
  if (exists(name)) {
    console.log(`${name}: is there`);
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'plimsoll-image-'));
  try {
    chmodSync(root, 0o755);
    for (const folder of ['usr/bin', 'usr/lib', 'usr/lib64', 'usr/local/bin', 'etc', 'tmp']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    chmodSync(join(root, 'tmp'), 0o1777);
    for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(root, folder));
    image.fill(root);
    importFolder(root, name, image.changes);
    console.log(`${name}: made from what is installed here`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A program under `place`, with the libraries that it is linked to. */
function addProgram(root, program, place) {
  const target = join(root, place);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(program), target);
  chmodSync(target, 0o755);
  for (const library of librariesOf(program)) {
    const copy = join(root, library.startsWith('/usr/') ? library : `usr${library}`);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(realpathSync(library), copy);
    chmodSync(copy, 0o755);
  }
}

function librariesOf(program) {
  let text;
  try {
    text = execFileSync('ldd', [realpathSync(program)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // Linked to nothing.
  }
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path);
}

function addAccount(root, name, id) {
  writeFileSync(
    join(root, 'etc/passwd'),
    `root:x:0:0:root:/root:/bin/sh\n${name}:x:${id}:${id}:${name}:/tmp:/bin/sh\n`,
  );
  writeFileSync(join(root, 'etc/group'), `root:x:0:\n${name}:x:${id}:\n`);
}

function which(program) {
  if (program.includes('/')) return program;
  try {
    return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error(`${basename(program)} is not installed here`);
  }
}

function exists(name) {
  try {
    execFileSync('docker', ['image', 'inspect', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The engine makes an image of one layer from a tar stream. */
function importFolder(root, name, changes) {
  const flags = [...changes, 'LABEL plimsoll.made-of=local-programs'].flatMap((change) => ['--change', change]);
  const pipe =
    'root=$1; shift; tar -C "$root" --owner=0 --group=0 --numeric-owner -c . | docker import "$@" >/dev/null';
  execFileSync('sh', ['-c', pipe, 'sh', root, ...flags, '-', name], { stdio: 'inherit' });
}
