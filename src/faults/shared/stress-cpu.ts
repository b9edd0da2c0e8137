/** Short against what anybody measures, long against what a timer costs. */
const PERIOD_MS = 20;
/** Between two looks at the clock. */
const LOOPS = 20_000;

/**
 * Uses the given share of one core, from now on: in each period it computes until its budget is used up, and sleeps for
 * the rest. What it took too much it saves in the next period; what it could not get it does not catch up with. So it
 * never takes more than its share, neither on an idle machine nor on a busy one.
 */
export function burn(share: number): void {
  const beganAt = performance.now();
  const budget = share * PERIOD_MS;
  let period = 0;
  let debt = 0;
  let mark = usedMs();
  const work = (): void => {
    const endsAt = beganAt + (period + 1) * PERIOD_MS;
    // What the sleep itself cost is in it too, since it counts from the end of the last burst.
    while (usedMs() - mark + debt < budget && performance.now() < endsAt) compute();
    const used = usedMs();
    debt = Math.max(0, debt + used - mark - budget);
    mark = used;
    const now = performance.now();
    period = Math.max(period + 1, Math.floor((now - beganAt) / PERIOD_MS));
    setTimeout(work, Math.max(0, beganAt + period * PERIOD_MS - now));
  };
  work();
}

/** CPU time of this whole process, in milliseconds. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let state = 1;
function compute(): void {
  for (let n = 0; n < LOOPS; n++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
}
