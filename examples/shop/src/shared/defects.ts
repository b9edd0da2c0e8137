/**
 * Practices that can be switched off by name, to see what they were good for (and to prove that a scenario notices):
 * `SHOP_DEFECTS=no-bulkhead,no-fallback`.
 */
export const DEFECTS = {
  'no-deadline': 'calls have no deadline of their own (only a cap of 5 s)',
  'no-bulkhead': 'any number of calls to payment in flight, and payment may take 2 s',
  'no-fallback': 'a checkout whose payment is down, late or refused answers 503',
  'crash-on-handler-error': 'an exception in a handler or in the router takes the process down',
  'crash-on-detached-error': 'an exception in work that nobody waits for takes the process down',
  'no-metrics': '/metrics exports nothing',
  'log-without-trace': 'contained errors are logged without the trace id of their request',
  'exit-at-once': 'SIGTERM ends a process where it stands',
  'ignore-sigterm': 'SIGTERM changes nothing',
  'lose-buffer': 'payment keeps what it has to send in memory for a second, and forgets it when it ends',
  'init-races': 'those who ask for something that is not there yet make it, each for itself',
  'reload-drops': 'a reload ends the old process first and then starts the new one',
  'plugin-unchecked': 'a plug-in of any version is taken into the process, and what it says is believed',
  'no-supervisor': 'a process that has ended is not started again',
  'settle-twice': 'an order that settlement is told of again is settled again',
  'lose-on-restart': 'settlement confirms first and writes later, a hundred orders at a time',
} as const;
export type Defect = keyof typeof DEFECTS;

/** The defects that `SHOP_DEFECTS` names. Throws on an unknown name, since a typo would make a sound shop look broken-proof. */
export function defects(text = process.env['SHOP_DEFECTS'] ?? ''): ReadonlySet<Defect> {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  for (const name of names) {
    if (!isDefect(name)) {
      throw new Error(`SHOP_DEFECTS names "${name}", which is not a defect. Known: ${Object.keys(DEFECTS).join(', ')}`);
    }
  }
  return new Set(names.filter(isDefect));
}

function isDefect(name: string): name is Defect {
  return Object.hasOwn(DEFECTS, name);
}
