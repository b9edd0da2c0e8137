import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';

/** The result as one JSON document, for programs. */
const json: ReporterDefinition = {
  name: 'json',
  description: 'the result as one JSON document, on standard output or in a file',
  create: (output) => ({
    async onEnd(result) {
      const text = `${JSON.stringify(result, null, 2)}\n`;
      if (output.path === undefined) output.out(text);
      else await writeOutput(output, 'result.json', text);
    },
  }),
};
export default json;
