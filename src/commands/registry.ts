import budget from './budget.js';
import type { CommandDefinition } from './command.js';
import calibrate from './calibrate.js';
import compare from './compare.js';
import doctor from './doctor.js';
import explain from './explain.js';
import gameday from './gameday.js';
import init from './init.js';
import judge from './judge.js';
import plan from './plan.js';
import proxy from './proxy.js';
import recover from './recover.js';
import report from './report.js';
import run from './run.js';
import schema from './schema.js';
import trend from './trend.js';
import validate from './validate.js';

/** In the order of the help. */
export const commands: readonly CommandDefinition[] = [
  run,
  gameday,
  plan,
  validate,
  init,
  doctor,
  recover,
  report,
  judge,
  explain,
  compare,
  trend,
  budget,
  calibrate,
  proxy,
  schema,
];
