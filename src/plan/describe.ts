import type { EventBody } from '../record/events.js';
import { formatMs, formatRatio } from '../support/units.js';
import { foresightLine } from './foresight.js';
import type { Plan, ScheduledFault } from './plan.js';
import { looksOf, trialOrder } from './trial-order.js';

type Resolved = EventBody<'plan.resolved'>['faults'][number];
/** What is known about a fault's targets before the run. */
export type FaultPreview = { id: string; type: string } & ({ resolved: Resolved } | { unresolved: string });

const WIDTH = 98;

/** What `plimsoll plan` prints: what will be hurt and how it is put back, how long, with how much load, and whether that can decide. */
export function describePlan(plan: Plan, faults: readonly FaultPreview[]): string {
  const { phases, system } = plan;
  const onceMs = phases.warmupMs + phases.baselineMs + phases.faultMs + phases.recoveryMs;
  const sections: [string, string[]][] = [
    [
      'Timeline',
      [
        `warmup ${formatMs(phases.warmupMs)} → baseline ${formatMs(phases.baselineMs)} → fault ${formatMs(phases.faultMs)} → recovery ${formatMs(phases.recoveryMs)}; about ${formatMs(onceMs * plan.trials)} and the time to start and to undo. Seed ${plan.seed}.`,
        ...trialLines(plan),
      ],
    ],
    ['Load', plan.load.streams.map((stream) => streamLine(plan, stream))],
    [
      'System',
      [
        system.start ? `started with: ${system.start}` : 'is there already; Plimsoll does not start it',
        ...system.links.map(
          (link) =>
            `link ${link.name}: ${link.from} → ${link.listen} (${system.toxiproxy ?? 'embedded proxy'}) → ${link.upstream} ${link.to}, ${link.protocol}`,
        ),
      ],
    ],
    ['What will be broken, and put back', faults.flatMap((preview) => faultLines(preview, plan))],
    [
      'What must hold',
      [...plan.slos.map(sloLine), ...plan.invariants.map(({ name, command }) => `invariant ${name}: ${command}`)],
    ],
    ['What a gate does (run --gate)', plan.onBreach.map(breachLine)],
    ['Can this much load decide?', plan.power.map(foresightLine)],
    ['Good to know', plan.warnings.map(({ message }) => message)],
    [
      'How to stop it',
      ['Ctrl-C: everything is undone before it ends. If even that fails: plimsoll recover', guardLine(plan)],
    ],
  ];
  const head = `Plan of ${plan.scenario.name}${plan.scenario.description ? `: ${plan.scenario.description}` : ''}`;
  return [
    wrap(head, ''),
    ...sections
      .filter(([, lines]) => lines.length > 0)
      .map(([title, lines]) => `\n${title}\n${lines.map((line) => wrap(`  ${line}`, '    ')).join('\n')}`),
    '\nNothing was injected.',
  ].join('\n');
}

function breachLine({ severity, command, timeLimitMs, when }: Plan['onBreach'][number]): string {
  const what = severity === 'critical' ? 'the run' : 'an SLO of severity warning';
  const condition = when === 'failed' ? 'fails' : 'fails or cannot be decided';
  return `when ${what} ${condition}: ${command} (within ${formatMs(timeLimitMs)})`;
}

/** The plan as plain data, for `--json`. */
export function planJson(plan: Plan) {
  const { faults: _faults, load, ...rest } = plan;
  return {
    ...rest,
    load: {
      seed: load.seed,
      streams: load.streams.map(({ requests, ...stream }) => ({
        ...stream,
        tls: undefined,
        requests: requests.map(({ name, method, url, weight, deadlineMs }) => ({
          name,
          method,
          url,
          weight,
          deadlineMs,
        })),
      })),
    },
  };
}

function trialLines(plan: Plan): string[] {
  if (plan.trials === 1) return [];
  const order = trialOrder(plan.trials).join(' ');
  const looks = looksOf(plan);
  return [
    `${plan.trials} trials in the order ${order} (A the baseline, B the fault), with a wash-out of ${formatMs(plan.phases.warmupMs)} after each recovery; every part needs all of them`,
    ...(looks > 1
      ? [
          `the verdict is looked at ${looks} times (O'Brien–Fleming), after each second trial, and the run ends when it is certain`,
        ]
      : []),
  ];
}

function streamLine(plan: Plan, stream: Plan['load']['streams'][number]): string {
  const requests = stream.requests.map(({ name, method, url }) => `${name} (${method} ${url})`).join(', ');
  if (stream.model === 'closed') {
    return `${stream.name}: ${stream.users} users, each waits for its answer (closed model: it asks less when the system is slow, so its percentiles hide stalls): ${requests}`;
  }
  const share = plan.capacityShares.find(({ stream: name }) => name === stream.name);
  const rate = share
    ? `${formatRatio(share.share, 0)} of capacity, which is measured first and saturates the target`
    : `${stream.ratePerSecond}/s`;
  return `${stream.name}: ${rate}, ${stream.arrivals}, at most ${stream.inFlightCap} in flight: ${requests}`;
}

function faultLines(preview: FaultPreview, plan: Plan): string[] {
  const fault = plan.faults.find(({ id }) => id === preview.id);
  const when = fault ? whenText(fault, plan) : '';
  if ('unresolved' in preview) return [`${preview.id} ${preview.type}${when}: ${preview.unresolved}`];
  return [
    `${preview.id} ${preview.resolved.summary}${when}`,
    ...preview.resolved.undo.map((words) => `   undone by: ${words}`),
  ];
}

function whenText(fault: ScheduledFault, plan: Plan): string {
  const from = `at ${formatMs(fault.atMs)}`;
  if (fault.definition.duration === 'instant') return `, ${from}`;
  return `, ${from} for ${formatMs(fault.forMs ?? plan.phases.faultMs - fault.atMs)}`;
}

function sloLine(slo: Plan['slos'][number]): string {
  const parts = [
    slo.objectiveText === undefined ? [] : [`objective ${slo.objectiveText}`],
    slo.toleranceText === undefined ? [] : [`tolerance ${slo.toleranceText}`],
    slo.recoverWithinS === undefined ? [] : [`recovers within ${slo.recoverWithinS} s`],
  ].flat();
  const about = slo.request ? ` of ${slo.request}` : slo.stream ? ` of stream ${slo.stream}` : '';
  return `${slo.name} (${slo.indicatorText}${about}): ${parts.join(', ')}${slo.severity === 'critical' ? '' : ` [${slo.severity}]`}`;
}

function guardLine({ stop, budget }: Plan): string {
  const { command, prometheus, alarmUrl, ready } = stop.signals;
  const own = [
    ...(command === undefined ? [] : [`\`${command}\` exits with anything but 0`]),
    ...(prometheus === undefined ? [] : [`\`${prometheus.query}\` holds in ${prometheus.url}`]),
    ...(alarmUrl === undefined ? [] : [`${alarmUrl} answers anything but 2xx`]),
    ...(ready === undefined ? [] : [`${ready} is lost`]),
  ];
  const signals = own.length === 0 ? '' : ` It also stops when ${own.join(', or when ')}.`;
  const perHour = budget?.policy.abortPerHour ?? null;
  const spending =
    perHour === null ? '' : ` It stops when the error budget burns faster than ${formatRatio(perHour)} an hour.`;
  const objective = stop.beyondObjective
    ? ' It stops, as failed, when a critical objective is proven to be broken.'
    : '';
  if (!stop.enabled) return `The stop guard is off.${spending}${signals}`;
  return `By itself it stops when at least ${formatRatio(stop.errorRatio, 0)} of the requests of ${formatMs(stop.forMs)} fail (and at least ${stop.minBad}).${objective}${spending}${signals}`;
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S)\s+/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
