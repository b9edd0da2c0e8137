import { checkBudget } from './budget-references.js';
import { checkFault } from './fault-references.js';
import { formatMs, parseAddress } from '../support/units.js';
import { nearest, type Path, type ProblemSink } from './problems.js';
import type { ScenarioDocument, StreamDocument } from './schema.js';
import { checkSlo } from './slo-references.js';

/** Twenty batches of a second: below that no interval of a verdict can be trusted. */
const SHORTEST_WINDOW_MS = 20_000;
const SHORTEST_WARMUP_MS = 1_500;

/** What no schema can say: names that must exist, phases that must fit, limits that must make sense. */
export function checkReferences(scenario: ScenarioDocument, problems: ProblemSink): void {
  checkPhases(scenario, problems);
  checkSystem(scenario, problems);
  for (const [name, stream] of Object.entries(scenario.load.streams)) checkStream(scenario, name, stream, problems);
  checkRequestNames(scenario, problems);
  scenario.faults.forEach((fault, k) => checkFault(scenario, fault, ['faults', k], problems));
  scenario.slos.forEach((slo, k) => checkSlo(scenario, slo, ['slos', k], problems));
  checkUnique(
    scenario.slos.map(({ name }) => name),
    (k) => ['slos', k, 'name'],
    'SLO',
    problems,
  );
  checkUnique(
    scenario.invariants.map(({ name }) => name),
    (k) => ['invariants', k, 'name'],
    'invariant',
    problems,
  );
  checkBudget(scenario, problems);
  checkTrials(scenario, problems);
}

function checkTrials({ trials, decideEarly }: ScenarioDocument, problems: ProblemSink): void {
  if (trials > 1 && trials % 2 === 1) {
    problems.add(['trials'], {
      code: 'trials_not_even',
      message: `${trials} trials cannot be put into a balanced order, so a trend of the system would look like a drift`,
      hint: `Write trials: ${trials + 1}.`,
    });
  }
  if (decideEarly && trials < 4) {
    problems.add(['decideEarly'], {
      code: 'nothing_to_decide_early',
      message: `with ${trials} ${trials === 1 ? 'trial' : 'trials'} there is no moment before the end at which the verdict could be looked at`,
      hint: 'Write trials: 4, or leave decideEarly out.',
    });
  }
}

function checkPhases({ phases }: ScenarioDocument, problems: ProblemSink): void {
  for (const phase of ['baseline', 'fault'] as const) {
    if (phases[phase] >= SHORTEST_WINDOW_MS) continue;
    problems.add(['phases', phase], {
      code: 'window_too_short',
      message: `the ${phase} phase lasts ${formatMs(phases[phase])}; statistics need at least ${formatMs(SHORTEST_WINDOW_MS)}`,
      hint: `Write ${phase}: 20s, or longer.`,
    });
  }
  if (phases.warmup !== undefined && phases.warmup < SHORTEST_WARMUP_MS) {
    problems.add(['phases', 'warmup'], {
      code: 'warmup_too_short',
      message: `a warm-up of ${formatMs(phases.warmup)} leaves cold code in the baseline`,
      hint: 'Write at least 1.5s.',
    });
  }
}

function checkSystem({ system }: ScenarioDocument, problems: ProblemSink): void {
  const services = Object.keys(system.services);
  const listens = new Map<string, string>();
  for (const [name, link] of Object.entries(system.links)) {
    for (const end of ['from', 'to'] as const) {
      // `client` is whoever calls the system from outside, the load driver for one.
      if (services.includes(link[end]) || (end === 'from' && link.from === 'client')) continue;
      problems.add(['system', 'links', name, end], {
        code: 'unknown_service',
        message: `link ${name}: there is no service "${link[end]}"`,
        hint: nearest(link[end], services),
      });
    }
    const listen = `${link.listen.host}:${link.listen.port}`;
    const other = listens.get(listen);
    if (other)
      problems.add(['system', 'links', name, 'listen'], {
        code: 'address_used_twice',
        message: `links ${other} and ${name} both listen on ${listen}`,
      });
    listens.set(listen, name);
    if (listen === `${link.upstream.host}:${link.upstream.port}`) {
      problems.add(['system', 'links', name, 'upstream'], {
        code: 'link_to_itself',
        message: `link ${name} listens where it leads to: ${listen}`,
        hint: '`upstream` is where the service really listens, `listen` another port for the proxy.',
      });
    }
  }
  const startsSomething =
    system.start !== undefined || Object.values(system.services).some(({ process }) => process?.run !== undefined);
  if (Object.keys(system.links).length > 0 && !startsSomething && system.toxiproxy === undefined) {
    problems.add(['system', 'links'], {
      code: 'proxy_would_not_outlive',
      message:
        'the embedded proxy lives only as long as the run, but this system is there already and would lose its links with it',
      hint: 'Let Plimsoll start the system (`system.start`), or run `plimsoll proxy` (or Toxiproxy) beside it and name it: `system.toxiproxy: http://127.0.0.1:8474`.',
    });
  }
}

function checkStream(scenario: ScenarioDocument, name: string, stream: StreamDocument, problems: ProblemSink): void {
  const path = streamPath(scenario, name);
  if ((stream.rate === undefined) === (stream.users === undefined)) {
    problems.add(path, {
      code: 'rate_or_users',
      message: `stream ${name} has ${stream.rate === undefined ? 'neither `rate` nor `users`' : 'both `rate` and `users`'}`,
      hint: 'Write `rate: 100/s` (people keep coming), or `users: 8` (each waits for its answer).',
    });
  }
  const closedOnly =
    stream.rate === undefined ? (['arrivals', 'connections', 'inFlight'] as const) : (['think'] as const);
  for (const key of closedOnly) {
    if (stream[key] !== undefined)
      problems.add([...path, key], {
        code: 'wrong_model',
        message: `\`${key}\` goes with \`${stream.rate === undefined ? 'rate' : 'users'}\` only`,
        part: 'key',
      });
  }
  if (stream.requests.every(({ weight }) => weight === 0))
    problems.add([...path, 'requests'], { code: 'no_weight', message: `all requests of stream ${name} have weight 0` });

  const services = Object.keys(scenario.system.services);
  const shortest = Math.min(scenario.phases.baseline, scenario.phases.fault);
  stream.requests.forEach((request, k) => {
    const at = [...path, 'requests', k];
    const service = request.service;
    if (service !== undefined) {
      if (!services.includes(service))
        problems.add([...at, 'service'], {
          code: 'unknown_service',
          message: `request ${request.name}: there is no service "${service}"`,
          hint: nearest(service, services),
        });
      else if (!scenario.system.services[service]?.url)
        problems.add([...at, 'service'], {
          code: 'no_url',
          message: `request ${request.name}: service ${service} has no \`url\``,
        });
    }
    if (request.method === 'HEAD' && stream.users !== undefined) {
      problems.add([...at, 'method'], {
        code: 'not_supported_yet',
        message: 'HEAD cannot be sent by `users` yet',
        hint: 'Use a stream with a `rate`, or GET.',
      });
    }
    const deadline = request.deadline ?? stream.deadline ?? 5000;
    if (deadline < 1 || deadline > 3.6e6 || deadline > shortest) {
      const place = request.deadline !== undefined ? at : stream.deadline !== undefined ? path : undefined;
      problems.add(place === undefined ? path : [...place, 'deadline'], {
        code: 'bad_deadline',
        message: `the deadline of ${request.name} is ${formatMs(deadline)}; it must lie between 1 ms and the shortest window (${formatMs(shortest)})`,
      });
    }
    for (const unknown of templateNames(request).filter((used) => !Object.hasOwn(stream.data ?? {}, used))) {
      problems.add(at, {
        code: 'unknown_value',
        message: `request ${request.name} uses {{${unknown}}}, which \`data\` does not define`,
        hint: nearest(unknown, Object.keys(stream.data ?? {})),
      });
    }
    if (request.url && /\{\{/.test(/^(?:https?:\/\/|unix:)[^/?#]*/.exec(request.url)?.[0] ?? '')) {
      problems.add([...at, 'url'], {
        code: 'template_in_host',
        message: `"${request.url}" would take its host from \`data\`, so nobody could say before the run whom it reaches`,
        hint: 'Write the host out; {{names}} may stand in the path and the query.',
      });
    }
    if (stream.tracing !== 'off' && Object.keys(request.headers ?? {}).some((name) => /^traceparent$/i.test(name))) {
      problems.add([...at, 'headers'], {
        code: 'own_traceparent',
        message: `request ${request.name} sets its own traceparent, which Plimsoll sends to join answers and logs`,
        hint: 'Leave the header out, or write `tracing: off` at the stream.',
      });
    }
    if (request.url && !/^(https?:\/\/|unix:)/.test(request.url)) {
      problems.add([...at, 'url'], {
        code: 'bad_url',
        message: `"${request.url}" is not a URL that can be asked`,
        hint: 'Write http://…, https://… or unix:/socket:/path.',
      });
    }
  });
}

function checkRequestNames(scenario: ScenarioDocument, problems: ProblemSink): void {
  const all = Object.entries(scenario.load.streams).flatMap(([stream, { requests }]) =>
    requests.map(({ name }, k) => ({ name, path: [...streamPath(scenario, stream), 'requests', k, 'name'] as Path })),
  );
  checkUnique(
    all.map(({ name }) => name),
    (k) => all[k]?.path ?? [],
    'request',
    problems,
  );
}

function checkUnique(names: string[], path: (k: number) => Path, noun: string, problems: ProblemSink): void {
  names.forEach((name, k) => {
    if (names.indexOf(name) < k)
      problems.add(path(k), { code: 'duplicate_name', message: `there are two ${noun}s named "${name}"` });
  });
}

/** Where a stream stands: under `streams`, or `load` itself. */
export function streamPath(scenario: ScenarioDocument, name: string): Path {
  return name === 'load' && Object.keys(scenario.load.streams).length === 1 ? ['load'] : ['load', 'streams', name];
}

function templateNames(request: StreamDocument['requests'][number]): string[] {
  const texts = [
    request.url,
    request.path,
    ...Object.values(request.headers ?? {}),
    JSON.stringify(request.body?.json ?? null),
    request.body?.text,
  ];
  return texts.flatMap((text) => [...(text ?? '').matchAll(/\{\{\s*([\w.-]+)\s*\}\}/g)].map((match) => match[1] ?? ''));
}

/** Is a host on this machine? */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    plain === 'localhost' || plain === '::1' || (/^127(\.\d{1,3}){3}$/.test(plain) && parseAddress(`${plain}:1`).ok)
  );
}
