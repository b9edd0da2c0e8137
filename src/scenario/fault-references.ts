import { faultByType } from '../faults/registry.js';
import { formatMs } from '../support/units.js';
import { nearest, type Path, type ProblemSink } from './problems.js';
import type { FaultEntry, ScenarioDocument } from './schema.js';

/** What a fault refers to must exist, its time must lie in the fault phase, and somebody must be able to put it back. */
export function checkFault(scenario: ScenarioDocument, fault: FaultEntry, path: Path, problems: ProblemSink): void {
  const definition = faultByType(fault.type);
  const known = { links: Object.keys(scenario.system.links), services: Object.keys(scenario.system.services) };
  const refers = definition.refersTo(fault as never);
  for (const kind of ['links', 'services'] as const) {
    for (const name of refers[kind].filter((candidate) => !known[kind].includes(candidate))) {
      const noun = kind === 'links' ? 'link' : 'service';
      problems.add([...path, noun], {
        code: `unknown_${noun}`,
        message: `${fault.type}: there is no ${noun} "${name}"`,
        hint: nearest(name, known[kind]),
      });
    }
  }
  if (definition.family === 'process') checkProcesses(scenario, fault, refers.services, path, problems);
  if (definition.family === 'container') checkContainers(scenario, fault, refers.services, path, problems);
  const phase = scenario.phases.fault;
  if (fault.at >= phase)
    problems.add([...path, 'at'], {
      code: 'outside_phase',
      message: `${fault.type} begins at ${formatMs(fault.at)}, but the fault phase lasts ${formatMs(phase)}`,
    });
  else if (fault.for !== undefined && fault.at + fault.for > phase) {
    problems.add([...path, 'for'], {
      code: 'outside_phase',
      message: `${fault.type} would end at ${formatMs(fault.at + fault.for)}, but the fault phase lasts ${formatMs(phase)}`,
    });
  }
  if (definition.duration === 'instant') {
    if (fault.for !== undefined)
      problems.add([...path, 'for'], {
        code: 'instant_fault',
        message: `${fault.type} is done at once; it has no duration`,
        hint: 'Leave `for` out.',
      });
    checkWayBack(scenario, fault, refers.services, path, problems);
  } else if (fault.every !== undefined && (fault.for === undefined || fault.for >= fault.every)) {
    problems.add([...path, 'every'], {
      code: 'overlapping',
      message: `${fault.type} repeats every ${formatMs(fault.every)}, so it needs a \`for\` that is shorter`,
    });
  }
}

/** A process fault needs processes that can be found, and one of them has to stay. */
function checkProcesses(
  scenario: ScenarioDocument,
  fault: FaultEntry,
  services: string[],
  path: Path,
  problems: ProblemSink,
): void {
  for (const name of services) {
    const service = scenario.system.services[name];
    if (!service) continue;
    const { process } = service;
    if (!process) {
      problems.add([...path, 'service'], {
        code: 'no_process',
        message:
          service.container === undefined
            ? `${fault.type}: nothing says how the processes of ${name} are found`
            : `${fault.type}: ${name} is a container, not a process`,
        hint:
          service.container === undefined
            ? `Write system: { services: { ${name}: { process: { listening: 127.0.0.1:7201 } } } }, or pid, pidfile, command or run.`
            : `Use ${fault.type.replace(/^process-(kill|pause|restart)$/, 'container-$1').replace('process-terminate', 'container-stop')}.`,
      });
      continue;
    }
    const replicas = foreseenProcesses(process);
    const { count, share } = fault as { count?: number; share?: number };
    if (refuseCountAndShare(fault, name, path, problems)) continue;
    const hit = count ?? (share === undefined ? 1 : Math.max(1, Math.floor(share * replicas)));
    const at = count !== undefined ? [...path, 'count'] : share !== undefined ? [...path, 'share'] : path;
    if (hit > replicas) {
      problems.add(at, {
        code: 'too_many_targets',
        message: `${fault.type}: ${hit} processes of ${name} cannot be hit, it has ${replicas}`,
        hint: 'Lower `count`.',
      });
    } else if (hit === replicas && fault['allowAll'] !== true) {
      problems.add(at, {
        code: 'too_many_targets',
        message: `${fault.type} would hit ${replicas === 1 ? 'the only process' : `all ${replicas} processes`} of ${name}`,
        hint: 'Hit fewer of them, or write `allowAll: true` if that is what you want to know.',
      });
    }
  }
}

/** True if the fault says both, which is a problem of its own. */
function refuseCountAndShare(fault: FaultEntry, service: string, path: Path, problems: ProblemSink): boolean {
  if (fault['count'] === undefined || fault['share'] === undefined) return false;
  problems.add([...path, 'share'], {
    code: 'count_and_share',
    message: `${fault.type}: the fault on ${service} has both \`count\` and \`share\``,
    hint: 'Keep one of them.',
  });
  return true;
}

/** How many processes a service has when all of them are there. */
function foreseenProcesses(process: NonNullable<ScenarioDocument['system']['services'][string]['process']>): number {
  if (process.run !== undefined) return process.replicas ?? 1;
  if (process.command !== undefined) return process.count ?? 1;
  return [process.listening ?? 1].flat().length;
}

/** A container fault needs to know which containers; how many there are shows only when it is planned. */
function checkContainers(
  scenario: ScenarioDocument,
  fault: FaultEntry,
  services: string[],
  path: Path,
  problems: ProblemSink,
): void {
  const { comesBack, startAfter } = fault as Record<string, unknown>;
  for (const name of services) {
    const service = scenario.system.services[name];
    if (service && service.container === undefined) {
      problems.add([...path, 'service'], {
        code: 'no_container',
        message: `${fault.type}: nothing says which containers are those of ${name}`,
        hint: `Write system: { services: { ${name}: { container: <name> } } }, or { label: key=value } or { compose: <service> }.`,
      });
    }
    refuseCountAndShare(fault, name, path, problems);
    if (!['container-kill', 'container-stop'].includes(fault.type)) continue;
    if (comesBack === undefined && startAfter === undefined) {
      problems.add(path, {
        code: 'no_way_back',
        message: `${fault.type}: nothing says who starts ${name} again, so this could not be undone`,
        hint: 'Write `startAfter: 5s` (Plimsoll starts it again) or `comesBack: 10s` (somebody else does; Plimsoll watches).',
      });
    } else if (comesBack !== undefined && startAfter !== undefined) {
      problems.add([...path, 'startAfter'], {
        code: 'two_ways_back',
        message: `${fault.type}: the fault on ${name} has both \`comesBack\` and \`startAfter\``,
        hint: 'Keep one of them.',
      });
    }
  }
}

/** Who brings back what an instant fault took away? Nobody is an error: the fault could not be undone. */
function checkWayBack(
  scenario: ScenarioDocument,
  fault: FaultEntry,
  services: string[],
  path: Path,
  problems: ProblemSink,
): void {
  if (!['process-kill', 'process-terminate'].includes(fault.type)) return;
  for (const name of services) {
    const process = scenario.system.services[name]?.process;
    const supervised = process?.run !== undefined && process.restart === 'always';
    if (supervised || fault['comesBack'] !== undefined || fault['restart'] !== undefined) continue;
    problems.add(path, {
      code: 'no_way_back',
      message: `${fault.type}: nothing says who brings ${name} back, so this could not be undone`,
      hint: 'Write `comesBack: 10s` (somebody else restarts it; Plimsoll watches), `restart: <command>`, or let Plimsoll run it: `process: { run: …, restart: always }`.',
    });
  }
}
