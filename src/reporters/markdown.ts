import { markdownSummary } from './markdown-text.js';
import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';

/** Markdown for chats and pull requests. */
const markdown: ReporterDefinition = {
  name: 'markdown',
  description: 'the summary as Markdown, for chats and pull requests (summary.md)',
  create: (output) => ({
    onEnd: (result) => writeOutput(output, 'summary.md', markdownSummary(result, output.report)),
  }),
};
export default markdown;
