import type { IndicatorDefinition } from './indicator.js';

/** How the processes of a service end that `process-terminate` asks to: within the limit, with the agreed exit code, unkilled. */
const exit: IndicatorDefinition<'exit'> = {
  type: 'exit',
  title: 'A graceful exit',
  unit: 'seconds',
  tolerances: [],
  op: '<=',
  measure: ({ code }) => ({ kind: 'exits', code }),
};
export default exit;
