import { z } from 'zod';

/** Evidence that a fault took effect, or is gone. */
export const Proof = z.object({
  /** `confirmed`: measured and as ordered. `mismatch`: measured and otherwise. `unknown`: could not be measured. */
  status: z.enum(['confirmed', 'mismatch', 'unknown']),
  /** How it was measured, in a few words: "grpc ping through the link, before and after". */
  method: z.string(),
  /** What was found, as one sentence with numbers. */
  finding: z.string(),
  /** The figures behind the sentence; the unit is in the name (`delayMs`). */
  measured: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).default({}),
  /** How processes ended that a fault asked to; both `exitCode` and `signal` are null where only their parent was told. */
  exits: z
    .array(
      z.object({
        afterMs: z.number(),
        killed: z.boolean(),
        exitCode: z.number().nullable(),
        signal: z.string().nullable(),
      }),
    )
    .optional(),
});
export type Proof = z.infer<typeof Proof>;

export const TargetRef = z.object({
  kind: z.enum(['link', 'process', 'container', 'machine']),
  /** Link or service name. */
  name: z.string(),
  /** What exactly: `127.0.0.1:7303 → 127.0.0.1:7203`, `pid 4711`. */
  detail: z.string(),
});
export type TargetRef = z.infer<typeof TargetRef>;
