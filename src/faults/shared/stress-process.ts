import { burn } from './stress-cpu.js';
import { holdDisk, type DiskFilling } from './stress-disk.js';
import { holdMemory } from './stress-memory.js';

/**
 * The process of a stress fault. It stands ready until it reads the line `go`, and ends when its stdin closes: so it
 * never outlives the run that started it, not even one that was killed together with its watchdog.
 *
 * Arguments: the kind of stress, and its settings as JSON.
 */
const [kind = '', text = '{}'] = process.argv.slice(2);
// From our own parent.
const given: unknown = JSON.parse(text);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

process.stdin.on('data', () => begin());
process.stdin.once('close', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));
say('ready');

let begun = false;
function begin(): void {
  if (begun) return;
  begun = true;
  switch (kind) {
    case 'cpu':
      burn((given as { share: number }).share);
      say('working');
      return;
    case 'memory':
      holdMemory((given as { bytes: number }).bytes, say);
      return;
    case 'disk':
      void holdDisk(given as DiskFilling, say);
      return;
    default:
      say(`failed: there is no stress of kind "${kind}"`);
      process.exit(1);
  }
}
