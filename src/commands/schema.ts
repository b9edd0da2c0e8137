import { readFileSync } from 'node:fs';
import type { CommandDefinition } from './command.js';
import { PlimsollError } from '../support/errors.js';

const NAMES = ['scenario', 'result'];

export default {
  register(program, context) {
    program
      .command('schema')
      .description('print the JSON Schema of scenarios or results')
      .argument('[name]', `which: ${NAMES.join(' or ')}`, 'scenario')
      .action((name: string) => {
        if (!NAMES.includes(name)) {
          throw new PlimsollError({
            kind: 'usage',
            code: 'unknown_schema',
            message: `there is no schema "${name}"`,
            hint: `Write one of: ${NAMES.join(', ')}.`,
          });
        }
        context.out(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8'));
      });
  },
} satisfies CommandDefinition;
