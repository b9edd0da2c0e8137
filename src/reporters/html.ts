import { renderReport } from '../html/document.js';
import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';

/** One HTML file that opens from disk, offline. */
const html: ReporterDefinition = {
  name: 'html',
  description: 'the report: one HTML file that needs no network (report.html)',
  create: (output) => ({
    onEnd: (result) => writeOutput(output, 'report.html', renderReport(result)),
  }),
};
export default html;
