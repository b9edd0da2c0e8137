// The practices of the shop, and what must notice when one of them is missing. Everything that runs or tells of them reads
// it here: run-scenarios.js, run-matrix.js, and the meta test that asks for a page for each practice and a row for each defect.

/** `page` is in docs/practices/, `scenario` in scenarios/. All are listed in docs/practices/index.md. */
export const PRACTICES = [
  { number: 1, name: 'SLIs before SLOs', page: 'slis.md', scenario: 'slis.yaml' },
  { number: 2, name: 'Fail fast', page: 'fail-fast.md', scenario: 'fail-fast.yaml' },
  { number: 3, name: 'Isolation', page: 'isolation.md', scenario: 'isolation.yaml' },
  { number: 4, name: 'Fallback', page: 'fallback.md', scenario: 'fallback.yaml' },
  { number: 5, name: 'Containment', page: 'containment.md', scenario: 'containment.yaml' },
  { number: 6, name: 'Error logs', page: 'error-logs.md', scenario: 'error-logs.yaml' },
  { number: 7, name: 'Graceful exit', page: 'graceful-exit.md', scenario: 'graceful-exit.yaml' },
  { number: 8, name: 'Initialise once', page: 'initialise-once.md', scenario: 'initialise-once.yaml' },
  { number: 9, name: 'Zero-downtime reload', page: 'reload.md', scenario: 'reload.yaml' },
  { number: 10, name: 'Plug-ins', page: 'plug-ins.md', scenario: 'plug-in.yaml' },
  { number: 13, name: 'Expendable workers', page: 'expendable-workers.md', scenario: 'expendable-workers.yaml' },
  { number: 15, name: 'No message lost or doubled', page: 'exactly-once.md', scenario: 'exactly-once.yaml' },
];

/**
 * The scenario that must find each defect, and what must be broken then: at least one of these SLOs and invariants, by
 * name. The run must end with this exit code: 1 unless said otherwise; with 3 they must be without a verdict.
 */
export const DETECTIONS = [
  { scenario: 'slis.yaml', defect: 'no-metrics', breaks: ['gc pauses', 'answers of order'], exit: 3 },
  { scenario: 'fail-fast.yaml', defect: 'no-deadline', breaks: ['quote in time', 'checkout in time'] },
  { scenario: 'isolation.yaml', defect: 'no-bulkhead', breaks: ['browse p95', 'browse in time'] },
  { scenario: 'fallback.yaml', defect: 'no-fallback', breaks: ['availability'] },
  { scenario: 'containment.yaml', defect: 'crash-on-handler-error', breaks: ['availability', 'browse in time'] },
  { scenario: 'containment.yaml', defect: 'crash-on-detached-error', breaks: ['availability', 'browse in time'] },
  { scenario: 'error-logs.yaml', defect: 'log-without-trace', breaks: ['traceable'] },
  { scenario: 'graceful-exit.yaml', defect: 'exit-at-once', breaks: ['order exits', 'payment exits'] },
  { scenario: 'graceful-exit.yaml', defect: 'ignore-sigterm', breaks: ['order exits', 'payment exits'] },
  { scenario: 'graceful-exit.yaml', defect: 'lose-buffer', breaks: ['nothing lost'] },
  { scenario: 'initialise-once.yaml', defect: 'init-races', breaks: ['initialised once'] },
  { scenario: 'reload.yaml', defect: 'reload-drops', breaks: ['availability'] },
  { scenario: 'plug-in.yaml', defect: 'plugin-unchecked', breaks: ['quotes'] },
  { scenario: 'expendable-workers.yaml', defect: 'no-supervisor', breaks: ['availability'] },
  { scenario: 'exactly-once.yaml', defect: 'settle-twice', breaks: ['settled once'] },
  { scenario: 'exactly-once.yaml', defect: 'lose-on-restart', breaks: ['settled once'] },
];
