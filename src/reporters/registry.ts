import badge from './badge.js';
import ctrf from './ctrf.js';
import github from './github.js';
import html from './html.js';
import json from './json.js';
import junit from './junit.js';
import markdown from './markdown.js';
import type { ReporterDefinition } from './reporter.js';
import terminal from './terminal.js';

/** All reporters; `--reporter` takes these names (`names.ts` lists them too). */
export const reporters: readonly ReporterDefinition[] = [terminal, html, json, junit, github, ctrf, markdown, badge];

export function reporterByName(name: string): ReporterDefinition | undefined {
  return reporters.find((reporter) => reporter.name === name);
}
