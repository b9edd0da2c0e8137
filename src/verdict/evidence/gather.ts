import { measureOf } from '../indicators/registry.js';
import { sourceWindows } from '../sources/pseudo-arrivals.js';
import type { Evidence, EvidenceOptions, WindowSet } from './evidence.js';
import { exitEvidence } from './exits.js';
import { quantileEvidence } from './quantile.js';
import { rateEvidence } from './rate.js';
import { ratioEvidence } from './ratio.js';
import { valueEvidence } from './values.js';

/** Condenses the windows to what the SLO's questions need. */
export function gatherEvidence(windows: WindowSet, options: EvidenceOptions): Evidence {
  const measure = measureOf(options.slo.indicator, options.slo.objective);
  const record = options.source ?? NOTHING;
  switch (measure.kind) {
    case 'ratio':
      return ratioEvidence(measure, measure.source ? sourceWindows(windows, record, measure.source) : windows, options);
    case 'quantile':
      return quantileEvidence(
        measure,
        measure.source ? sourceWindows(windows, record, measure.source) : windows,
        options,
      );
    case 'values':
      return valueEvidence(measure, record, windows, options);
    case 'exits':
      return exitEvidence(measure, record, windows);
    case 'rate':
      return rateEvidence(measure, windows, options);
  }
}

const NOTHING = { readings: [], exits: [] };
