import { badgeSvg } from '../html/badge.js';
import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';

/** The verdict as a small picture, for a README or a dashboard. */
const badge: ReporterDefinition = {
  name: 'badge',
  description: 'the verdict as a small picture (badge.svg)',
  create: (output) => ({ onEnd: (result) => writeOutput(output, 'badge.svg', badgeSvg(result)) }),
};
export default badge;
