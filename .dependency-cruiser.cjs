// The house's import rules (docs/architecture.md). Each room lists the rooms that it may import besides `support`.
const rooms = {
  support: [],
  proxy: [],
  record: [],
  verdict: [],
  result: ['record', 'verdict'],
  html: ['result', 'record', 'verdict'],
  reporters: ['record', 'result', 'html'],
  targets: ['record'],
  faults: ['targets', 'record'],
  scenario: ['verdict', 'faults'],
  init: ['targets'],
  load: ['record'],
  plan: ['scenario', 'faults', 'targets', 'verdict', 'load', 'record'],
  gameday: ['record', 'result', 'html', 'verdict'],
  metrics: ['record', 'result', 'verdict'],
  run: ['scenario', 'plan', 'faults', 'targets', 'load', 'record', 'verdict', 'result', 'metrics', 'proxy'],
};
const withSupport = (name) => (name === 'proxy' ? [name] : [name, 'support', ...rooms[name]]);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.keys(rooms).map((name) => ({
      name: `room-${name}`,
      comment: `src/${name} may import only: ${withSupport(name).join(', ')}`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: '^src/', pathNot: withSupport(name).map((room) => `^src/${room}/`) },
    })),
    {
      name: 'verdict-is-pure',
      comment: 'No clock, no I/O in judging: no Node.js modules.',
      severity: 'error',
      from: { path: '^src/(verdict|html)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-targets-talk-to-toxiproxy-and-docker',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/targets/' },
      to: { path: 'node_modules/(toxiproxy-node-client|dockerode)/' },
    },
    {
      name: 'nothing-imports-the-command-line',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|generate)\\.ts$|^src/commands/' },
      to: { path: '^src/(cli\\.ts|generate\\.ts|commands/)' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'shop-stands-alone', severity: 'error', from: { path: '^examples/' }, to: { path: '^src/' } },
    {
      name: 'src-knows-no-example',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(examples|test|bench)/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
