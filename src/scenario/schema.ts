import { z } from 'zod';
import { faults } from '../faults/registry.js';
import { durationMs, positiveDurationMs } from '../support/unit-schemas.js';
import { OnBreach } from './breach-schema.js';
import { Budget } from './budget-schema.js';
import { Load, Stop, Stream } from './load-schema.js';
import { Invariant, SloEntry } from './slo-schema.js';
import { NAME, Phases, System } from './system-schema.js';

/** Keys that every fault has beside its own settings. */
const faultCommon = {
  name: z.string().min(1).optional().describe('A name for people'),
  at: durationMs.default(0).describe('When it begins, counted from the start of the fault phase'),
  for: positiveDurationMs
    .optional()
    .describe('How long it lasts; until the end of the fault phase unless said otherwise'),
  every: positiveDurationMs.optional().describe('Repeat it after so long, as long as the fault phase lasts'),
  proof: z
    .enum(['required', 'optional'])
    .default('required')
    .describe('May the verdict stand on a fault whose effect could not be measured?'),
};

const members = faults.map((fault) =>
  fault.settings.safeExtend({ type: z.literal(fault.type).describe(fault.title), ...faultCommon }),
);

/** A fault as it is written: its common keys, and the settings of its type. */
export type FaultEntry = {
  type: string;
  name?: string;
  at: number;
  for?: number;
  every?: number;
  proof: 'required' | 'optional';
} & Record<string, unknown>;

const Fault = z.discriminatedUnion(
  'type',
  members as unknown as [z.ZodObject<{ type: z.ZodLiteral<string> }>],
) as unknown as z.ZodType<FaultEntry, Record<string, unknown>>;

const rest = {
  plimsoll: z.literal(1, 'the version of the language is 1').describe('The version of the language'),
  name: NAME.describe('Names the run and its directory'),
  description: z.string().default('').describe('The hypothesis, in a sentence'),
  system: System.prefault({}).describe('What is under test'),
  phases: Phases.describe('How long each phase takes'),
  faults: z.array(Fault).default([]).describe('What is broken on purpose'),
  slos: z
    .array(SloEntry)
    .min(1, 'without an SLO there is nothing to judge')
    .describe('The service levels that must hold'),
  invariants: z.array(Invariant).default([]).describe('Checked after recovery; one violation fails the run'),
  onBreach: OnBreach.default({}).describe('What `plimsoll run --gate` does when SLOs break'),
  budget: Budget.optional().describe('The error budget'),
  stop: Stop.optional().describe('When the run ends itself; a safe default exists'),
  trials: z
    .number()
    .int()
    .min(1)
    .max(40)
    .default(1)
    .describe('How often baseline and fault are repeated, in the order ABBA BAAB: 1, or an even number; 4 for a gate'),
  noise: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The noise profile of this system, written by `plimsoll calibrate`, relative to this file; the one beside it (name.noise.json) is found without',
    ),
  decideEarly: z
    .boolean()
    .default(false)
    .describe('With repeated trials: look after each second one, and end the run when the verdict is certain'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe('The same seed gives the same schedule, picks and arrivals'),
  allow: z
    .array(z.string().min(1))
    .default([])
    .describe('Hosts outside loopback that load and faults may reach, if --allow-host names them too'),
};

/** Checks `slos: { openslo: … }`, which gives way to a list before the rest is checked. */
export const sloImport = z.strictObject({
  openslo: z.string().min(1).describe('A file of OpenSLO v1, Sloth or Pyrra, beside the scenario'),
  indicators: z
    .record(
      z.string(),
      z.strictObject({
        indicator: z.string().optional().describe('How it is measured here'),
        stream: z.string().optional(),
        request: z.string().optional(),
        unit: z.enum(['ms', 's']).optional().describe("Unit of a threshold's value: it is then a latency"),
      }),
    )
    .default({})
    .describe('The name of an indicator (or SLO) in that file, and how it is measured here'),
  add: z.array(z.unknown()).optional().describe('More SLOs, written as usual'),
});

/** What `parse` checks: one stream without `streams:` has been put under `streams` before. */
export const ScenarioSchema = z.strictObject({ ...rest, load: Load.describe('What drives the system') });

/** The language as it is written, for JSON Schema and editors. */
export const WrittenScenario = z.strictObject({
  ...rest,
  slos: z.union([rest.slos, sloImport]).describe('The service levels that must hold: a list, or a file of OpenSLO'),
  load: z.union([Load, Stream]).describe('What drives the system: one stream, or several under `streams`'),
});

export type ScenarioInput = Omit<z.input<typeof WrittenScenario>, 'faults'> & {
  faults?: ({ type: string } & Record<string, unknown>)[];
};
export type ScenarioDocument = z.output<typeof ScenarioSchema>;
export type StreamDocument = z.output<typeof Stream>;
export type SystemDocument = z.output<typeof System>;
export type SloDocument = z.output<typeof SloEntry>;
