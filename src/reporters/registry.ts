import html from './html.js';
import json from './json.js';
import junit from './junit.js';
import type { ReporterDefinition } from './reporter.js';
import terminal from './terminal.js';

/** All reporters; `--reporter` takes these names. */
export const reporters: readonly ReporterDefinition[] = [terminal, html, json, junit];

export function reporterByName(name: string): ReporterDefinition | undefined {
  return reporters.find((reporter) => reporter.name === name);
}
