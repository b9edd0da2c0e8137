import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Ends a test run with one line that machines read too, or hands its counts to run-tests.js, which adds up several. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    const retried: string[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        const tries = (test.diagnostic()?.retryCount ?? 0) + 1;
        if (state === 'passed' && tries > 1) retried.push(`${test.fullName} (try ${tries})`);
        if (state === 'failed') failed++;
      }
    }
    if (retried.length > 0)
      console.log(`\nPassed only at a later try:\n${retried.map((name) => `  - ${name}`).join('\n')}`);
    const counts = process.env['PLIMSOLL_COUNTS'];
    if (counts) writeFileSync(counts, JSON.stringify({ passed, failed }));
    else console.log(`\n${passed} passed, ${failed} failed`);
  }
}
