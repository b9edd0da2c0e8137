import type { Plan } from '../plan/plan.js';

/** A recovery that nothing has to recover from. */
const RECOVERY_MS = 1000;

/**
 * The plan of an A/A run: the same system under the same load, nothing broken, `pairs` pairs of windows (an even number) of
 * the baseline's length. SLOs that can say nothing without a fault are left out.
 */
export function calibrationPlan(plan: Plan, pairs: number): Plan {
  // Nothing is broken, so no budget is spent.
  const { phases, budget: _budget, ...rest } = plan;
  return {
    ...rest,
    scenario: { ...plan.scenario, name: `${plan.scenario.name}-calibration` },
    phases: { ...phases, faultMs: phases.baselineMs, recoveryMs: RECOVERY_MS },
    faults: [],
    slos: plan.slos
      .filter(({ objective, tolerances }) => objective !== undefined || tolerances.length > 0)
      .map(({ recoverWithinS: _recoverWithinS, ...slo }) => slo),
    invariants: [],
    trials: pairs,
    decideEarly: false,
    noise: {},
    power: [],
  };
}
