import type { SourceSample } from '../../record/source-sample.js';

type Trouble = Extract<SourceSample, { kind: 'trouble' }>;

/** A reading without a figure, and why. */
export function trouble(code: Trouble['code'], message: string): Trouble {
  return { kind: 'trouble', code, message };
}
