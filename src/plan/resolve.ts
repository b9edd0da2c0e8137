import { resolve } from 'node:path';
import { redact } from '../record/redact.js';
import { budgetPolicy } from '../scenario/budget-policy.js';
import type { Scenario } from '../scenario/parse.js';
import { Problems, type Problem } from '../scenario/problems.js';
import type { SystemDocument } from '../scenario/schema.js';
import type { ServicePlan } from '../targets/targets.js';
import { unitOf } from '../verdict/indicators/registry.js';
import type { foresee } from '../verdict/power.js';
import { cannotDecide } from './foresight.js';
import { checkBlastRadius } from './blast-radius.js';
import type { findNoise, FoundNoise } from './noise.js';
import type { Plan } from './plan.js';
import { scheduleFaults } from './schedule.js';
import { resolveSlo } from './slos.js';
import { resolveSources } from './sources.js';
import { resolveStreams } from './streams.js';

export interface ResolveOptions {
  /** Hosts that the command line allows. */
  allowHosts: readonly string[];
  cwd: string;
  /** In place of the scenario's. */
  seed?: number;
  /** Foresees the power of the verdict; without it nothing is foreseen (it loads much, and `validate` does not need it). */
  foresee?: typeof foresee;
  /** Finds the noise profile; without it none is used. */
  findNoise?: (
    about: Pick<Parameters<typeof findNoise>[0], 'scenarioFile' | 'named' | 'streams' | 'slos'>,
  ) => FoundNoise;
}

/** Scenario → plan: units and defaults resolved, files read, hosts checked, power foreseen. Starts and touches nothing. */
export function resolvePlan(scenario: Scenario, options: ResolveOptions): { plan?: Plan; problems: Problem[] } {
  const problems = new Problems((path, part) => scenario.source.locate(path, part));
  const cwd = resolve(options.cwd, scenario.system.cwd ?? '.');
  const { streams, capacityShares } = resolveStreams(scenario, { cwd: options.cwd, problems });
  checkBlastRadius(scenario, streams, { allowHosts: options.allowHosts, problems });
  if (problems.all.length > 0) return { problems: problems.all };

  const seed = options.seed ?? scenario.seed;
  const phases = {
    warmupMs: scenario.phases.warmup ?? 3000,
    baselineMs: scenario.phases.baseline,
    faultMs: scenario.phases.fault,
    recoveryMs: scenario.phases.recovery ?? 10_000,
  };
  const slos = scenario.slos.map(resolveSlo);
  const noise = options.findNoise?.({ scenarioFile: scenario.source.file, named: scenario.noise, streams, slos });
  const power =
    options.foresee?.(
      slos,
      foreseenStreams(streams, capacityShares),
      {
        baselineS: phases.baselineMs / 1000,
        faultS: phases.faultMs / 1000,
        recoveryS: phases.recoveryMs / 1000,
        trials: scenario.trials,
      },
      noise?.file?.slos,
    ) ?? [];
  const plan: Plan = {
    scenario: {
      name: scenario.name,
      description: scenario.description,
      file: scenario.source.file,
      text: redact(scenario.source.text),
      sha256: scenario.source.sha256,
    },
    seed,
    system: resolveSystem(scenario.system, cwd),
    load: { runId: '', seed, streams },
    capacityShares,
    phases,
    faults: scheduleFaults(scenario),
    slos,
    sources: resolveSources(scenario, cwd),
    invariants: scenario.invariants.map((invariant, k) => ({
      name: invariant.name,
      command: invariant.command,
      equals: invariant.equals,
      timeLimitMs: invariant.timeLimit ?? 30_000,
      location: scenario.source.locate(['invariants', k]),
    })),
    onBreach: (['critical', 'warning'] as const).flatMap((severity) => {
      const action = scenario.onBreach[severity];
      return action ? [{ severity, command: action.run, timeLimitMs: action.within, when: action.when }] : [];
    }),
    stop: resolveStop(scenario),
    ...(scenario.budget === undefined
      ? {}
      : {
          budget: {
            policy: budgetPolicy(scenario.name, scenario.budget),
            ledger: scenario.budget.ledger === undefined ? undefined : resolve(options.cwd, scenario.budget.ledger),
          },
        }),
    trials: scenario.trials,
    decideEarly: scenario.decideEarly,
    noise: noise?.profiles ?? {},
    allow: scenario.allow,
    power,
    warnings: [
      ...scenario.source.warnings,
      ...warningsOf(scenario),
      ...looseTolerances(slos),
      ...(noise?.warnings ?? []),
      ...undecidable(power),
    ],
  };
  return { plan, problems: [] };
}

function resolveStop({ stop, system }: Scenario): Plan['stop'] {
  const own = stop === undefined || stop === 'off' ? undefined : stop;
  return {
    ...(stop === 'off' ? { enabled: false, errorRatio: 1 } : { enabled: true, errorRatio: own?.errorRatio ?? 0.5 }),
    forMs: own?.for ?? 5000,
    minBad: own?.minBad ?? 20,
    beyondObjective: own?.beyondObjective ?? false,
    signals: {
      command: own?.command,
      prometheus: own?.prometheus,
      alarmUrl: own?.alarmUrl,
      ready: system.readyMustHold ? system.ready : undefined,
      everyMs: own?.every ?? 1000,
      timeLimitMs: own?.timeLimit ?? 2000,
    },
  };
}

function foreseenStreams(streams: Plan['load']['streams'], shares: Plan['capacityShares']) {
  return streams.map((stream) => ({
    name: stream.name,
    model: stream.model,
    // A share of a capacity that nobody has measured yet is no rate.
    ...(stream.model === 'open' && !shares.some(({ stream: name }) => name === stream.name)
      ? { ratePerSecond: stream.ratePerSecond }
      : {}),
    requests: stream.requests.map(({ name, weight }) => ({ name, weight })),
  }));
}

function resolveSystem(system: SystemDocument, cwd: string): Plan['system'] {
  const text = ({ host, port }: { host: string; port: number }) => `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    start: system.start,
    cwd,
    env: system.env ?? {},
    ready: system.ready,
    readyTimeLimitMs: system.readyTimeout ?? 30_000,
    readyMustHold: system.readyMustHold ?? false,
    toxiproxy: system.toxiproxy?.replace(/\/+$/, ''),
    services: Object.entries(system.services).map(([name, service]): ServicePlan => {
      const common = { name, url: service.url, metrics: service.metrics };
      const { process } = service;
      if (process?.listening !== undefined)
        return { ...common, how: 'listening', addresses: [process.listening].flat().map(text) };
      if (process?.pid !== undefined) return { ...common, how: 'pid', pid: process.pid };
      if (process?.pidfile !== undefined) return { ...common, how: 'pidfile', file: resolve(cwd, process.pidfile) };
      if (process?.command !== undefined)
        return { ...common, how: 'command', command: process.command, count: process.count ?? 1 };
      if (process?.run !== undefined) {
        return {
          ...common,
          how: 'run',
          command: process.run,
          replicas: process.replicas ?? 1,
          restart: process.restart ?? 'never',
          env: process.env ?? {},
          cwd: process.cwd === undefined ? undefined : resolve(cwd, process.cwd),
          addresses: [process.address ?? []].flat().map(text),
        };
      }
      if (service.container !== undefined) {
        const { container } = service;
        return {
          ...common,
          how: 'container',
          container: typeof container === 'string' ? { name: container } : container,
        };
      }
      return { ...common, how: 'none' };
    }),
    links: Object.entries(system.links).map(([name, link]) => ({
      name,
      from: link.from,
      to: link.to,
      listen: text(link.listen),
      upstream: text(link.upstream),
      via: link.via ? text(link.via) : undefined,
      protocol: link.protocol,
      canary: link.canary as Plan['system']['links'][number]['canary'],
    })),
  };
}

/** Parts that this much load cannot decide, each with the change that would let it. */
function undecidable(power: Plan['power']): Plan['warnings'] {
  return power
    .filter((one) => cannotDecide(one))
    .map(({ sentence, part, smallestTolerance }) => ({
      code: 'cannot_decide',
      message: `the ${part} cannot pass with this much load. ${sentence}${part === 'tolerance' && !/^(unknown|none)/.test(smallestTolerance) ? `; or write a tolerance of ${smallestTolerance}` : ''}`,
    }));
}

/** A drift that costs more than the objective's whole error budget, if it stayed, is tolerated. */
function looseTolerances(slos: Plan['slos']): Plan['warnings'] {
  return slos.flatMap((slo) => {
    if (!slo.objective || unitOf(slo.indicator) !== 'ratio') return [];
    const room = slo.objective.op === '>=' ? 1 - slo.objective.value : slo.objective.value;
    return slo.tolerances
      .filter(({ type, value }) => type === 'points' && value > room * (1 + 1e-9))
      .map(() => ({
        code: 'tolerance_looser_than_slo',
        message: `${slo.name}: the tolerance ${slo.toleranceText} allows a drift larger than all that the objective ${slo.objectiveText} leaves for errors`,
      }));
  });
}

function warningsOf(scenario: Scenario): Plan['warnings'] {
  const warnings: Plan['warnings'] = [];
  if (scenario.faults.length === 0)
    warnings.push({ code: 'no_faults', message: 'the scenario has no faults: it compares the system with itself' });
  if (scenario.stop === 'off')
    warnings.push({ code: 'no_stop_guard', message: 'the stop guard is off: the load goes on however much fails' });
  for (const [name, stream] of Object.entries(scenario.load.streams)) {
    if (stream.tls?.insecure)
      warnings.push({ code: 'tls_not_verified', message: `stream ${name} does not verify the server's certificate` });
    if (stream.rate && 'capacityShare' in stream.rate && stream.rate.capacityShare > 0.8) {
      warnings.push({
        code: 'near_capacity',
        message: `stream ${name} drives over 80% of capacity: the baseline will be noisy`,
      });
    }
  }
  for (const fault of scenario.faults) {
    if (fault['share'] !== undefined && fault['link'] !== undefined && fault['share'] !== 1) {
      warnings.push({
        code: 'share_is_per_connection',
        message: `${fault.type}: \`share\` is of connections, not of requests; with few long-lived connections it may hit none or all`,
      });
    }
  }
  return warnings;
}
