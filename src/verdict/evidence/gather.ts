import { measureOf } from '../indicators/registry.js';
import type { Evidence, EvidenceOptions, WindowSet } from './evidence.js';
import { quantileEvidence } from './quantile.js';
import { rateEvidence } from './rate.js';
import { ratioEvidence } from './ratio.js';

/** Condenses the windows to what the SLO's questions need. */
export function gatherEvidence(windows: WindowSet, options: EvidenceOptions): Evidence {
  const measure = measureOf(options.slo.indicator, options.slo.objective);
  switch (measure.kind) {
    case 'ratio':
      return ratioEvidence(measure, windows, options);
    case 'quantile':
      return quantileEvidence(measure, windows, options);
    case 'rate':
      return rateEvidence(measure, windows, options);
  }
}
