import type { LoadPlan } from '../load/driver.js';
import type { EventBody } from '../record/events.js';
import type { LinkPlan, ServicePlan } from '../targets/targets.js';
import type { BudgetPolicy } from '../verdict/budget/policy.js';
import type { NoiseProfile } from '../verdict/input.js';
import type { Slo } from '../verdict/slo.js';
import type { FaultDefinition } from '../faults/fault.js';
import type { Location } from '../support/errors.js';

/** One injection to come: a fault of the scenario, or one repetition of it (`every`). */
export interface ScheduledFault {
  id: string;
  definition: FaultDefinition;
  /** The output of `definition.settings`. */
  settings: Record<string, unknown>;
  /** As written in the scenario, for people. */
  settingsText: Record<string, unknown>;
  /** From the start of the fault window. */
  atMs: number;
  /** Lasting faults: how long; undefined: until the end of the fault phase. */
  forMs: number | undefined;
  proofOptional: boolean;
  location: Location | undefined;
}

export interface SystemPlan {
  /** A command line that starts the whole system, run by Plimsoll without a shell. */
  start: string | undefined;
  cwd: string;
  env: Record<string, string>;
  /** GET must answer 2xx before the load starts. */
  ready: string | undefined;
  readyTimeLimitMs: number;
  /** Must `ready` hold all the time? Then losing it trips the stop guard. */
  readyMustHold: boolean;
  /** A Toxiproxy server that is there; undefined: the embedded one. */
  toxiproxy: string | undefined;
  services: ServicePlan[];
  links: LinkPlan[];
}

/** What is read while the run goes on, for the indicators that are not computed from its arrivals. */
export type SourcePlan = {
  /** As the SLOs' indicators name it. */
  source: string;
  everyMs: number;
} & (
  | {
      how: 'scrape';
      pages: { service: string; url: string }[];
      metric: string;
      labels: Readonly<Record<string, string>>;
      take: 'value' | 'counters' | 'histograms';
    }
  | { how: 'query'; server: string; query: string }
  | {
      how: 'log';
      /** Absolute path; or the logs of a service, whose files the run directory holds. */
      file: string | undefined;
      logs: string[];
      match: LineMatch;
      of: LineMatch | undefined;
    }
);
/** Fields of a JSON line; a text between slashes is a regular expression. */
export type LineMatch = Readonly<Record<string, string | number | boolean>>;

export interface InvariantPlan {
  name: string;
  command: string;
  /** The command's standard output, parsed as JSON, must hold these values. */
  equals: Record<string, unknown> | undefined;
  /** Or: it must exit with 0 and nothing more. */
  timeLimitMs: number;
  location: Location | undefined;
}

export interface StopPlan {
  /** `off` must be written in the scenario. */
  enabled: boolean;
  /** Share of bad arrivals in `forMs`, with at least `minBad`. */
  errorRatio: number;
  forMs: number;
  minBad: number;
  /** Also end a run that has proven, by betting, to be beyond a critical objective. */
  beyondObjective: boolean;
  signals: StopSignalsPlan;
}

/** What else ends a run: the user's own signals. */
export interface StopSignalsPlan {
  /** Exits with 0 while all is well. */
  command: string | undefined;
  /** An alert's expression: an answer that is not empty means stop. */
  prometheus: { url: string; query: string } | undefined;
  /** Answers 2xx while all is well. */
  alarmUrl: string | undefined;
  /** The system's own `ready`, where it must hold. */
  ready: string | undefined;
  everyMs: number;
  timeLimitMs: number;
}

export interface BudgetPlan {
  policy: BudgetPolicy;
  /** Absolute path; undefined: costs are not written down. */
  ledger: string | undefined;
}

/** What a gate does when SLOs of a severity break. */
export interface BreachAction {
  severity: 'critical' | 'warning';
  command: string;
  timeLimitMs: number;
  when: 'failed' | 'not passed';
}

/** Everything that a run needs, resolved and checked: plain data except for the fault definitions. */
export interface Plan {
  scenario: { name: string; description: string; file: string; text: string; sha256: string };
  seed: number;
  system: SystemPlan;
  load: LoadPlan;
  /** Open streams whose rate is a share of capacity: calibrated before the run, then written into `load`. */
  capacityShares: { stream: string; share: number }[];
  phases: { warmupMs: number; baselineMs: number; faultMs: number; recoveryMs: number };
  faults: ScheduledFault[];
  slos: Slo[];
  sources: SourcePlan[];
  invariants: InvariantPlan[];
  /** What a gate does, the most severe first. */
  onBreach: BreachAction[];
  stop: StopPlan;
  budget?: BudgetPlan;
  trials: number;
  /** What calibration knows of the system's noise, by SLO name. */
  noise: Record<string, NoiseProfile>;
  /** Look after each second trial and end the run when the verdict is certain. */
  decideEarly: boolean;
  /** Hosts outside loopback that the scenario allows. */
  allow: string[];
  power: EventBody<'plan.resolved'>['power'];
  warnings: { code: string; message: string }[];
}
