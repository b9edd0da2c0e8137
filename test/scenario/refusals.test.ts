import { describe, expect, it } from 'vitest';
import { BASE, changed, problemsOf } from './base.js';

/** [what, text in the base, what stands there instead, code, text that the problem's line must hold] */
type Refusal = [what: string, from: string, to: string, code: string, line: string];

const LINK = 'order-payment: { from: order,';
const ORDER = 'order: { process: { listening: [127.0.0.1:7201, 127.0.0.1:7202] } }';
const PAYMENT = 'payment: { process: { listening: 127.0.0.1:7203 } }';
const AVAILABILITY = "objective: '>= 99%', tolerance: 1pp";

const EXIT = 'indicator: exit, exit: { service: order }';
/** One more SLO, which alone has a problem. */
function slo(text: string, objective = '<= 10s'): [string, string] {
  return ['slos:\n', `slos:\n  - { name: more, ${text}, objective: '${objective}' }\n`];
}
function metric(text: string): [string, string] {
  return slo(`indicator: prometheus, prometheus: { service: gateway, metric: up, ${text} }`);
}
function log(text: string, objective = '>= 99%'): [string, string] {
  return slo(`indicator: log, log: { match: { a: b }, ${text} }`, objective);
}

const refusals: Refusal[] = [
  // Names
  ['a link that is not there', 'link: order-payment', 'link: order-paymnet', 'unknown_link', 'order-paymnet'],
  ['a service that is not there', 'service: order,', 'service: ordr,', 'unknown_service', 'ordr'],
  ["a link's end that is not there", LINK, 'order-payment: { from: ordr,', 'unknown_service', 'from: ordr'],
  ["a request's service that is not there", 'service: gateway', 'service: gatewy', 'unknown_service', 'gatewy'],
  ["a request's service without a url", 'service: gateway', 'service: payment', 'no_url', 'service: payment'],
  ['a request that is not there', 'request: checkout', 'request: chekout', 'unknown_request', 'chekout'],
  ['a stream that is not there', 'request: checkout', 'stream: checkout', 'unknown_stream', 'stream: checkout'],
  ['two SLOs of one name', 'name: p95', 'name: availability', 'duplicate_name', 'latency p95'],
  ['two requests of one name', 'name: browse', 'name: checkout', 'duplicate_name', '/items'],
  ['a fault that does not exist', 'type: latency', 'type: latnecy', 'unknown_fault', 'latnecy'],
  ['a fault without a type', 'type: latency, ', '', 'unknown_fault', 'latency: 150ms'],
  ['a value without data', 'path: /checkout', "path: '/checkout/{{sku}}'", 'unknown_value', '{{sku}}'],
  // Time
  ['a fault that begins too late', 'at: 10s', 'at: 20s', 'outside_phase', 'at: 20s'],
  ['a fault that ends too late', 'latency: 150ms', 'latency: 150ms, at: 15s, for: 6s', 'outside_phase', 'for: 6s'],
  ['an instant fault with a length', 'at: 10s', 'at: 10s, for: 2s', 'instant_fault', 'for: 2s'],
  ['repetitions that overlap', 'latency: 150ms', 'latency: 150ms, every: 5s, for: 5s', 'overlapping', 'every: 5s'],
  ['repetitions without an end', 'latency: 150ms', 'latency: 150ms, every: 5s', 'overlapping', 'every: 5s'],
  ['a baseline that is too short', 'baseline: 20s', 'baseline: 19s', 'window_too_short', 'phases:'],
  ['a fault phase that is too short', 'fault: 20s', 'fault: 19.9s', 'window_too_short', 'phases:'],
  ['a warm-up that is too short', 'warmup: 3s', 'warmup: 1s', 'warmup_too_short', 'phases:'],
  ['a recovery that is too short', 'recovery: 10s', 'recovery: 9s', 'recovery_too_short', 'recoverWithin'],
  ['a deadline beyond the window', 'rate: 100/s', 'rate: 100/s\n      deadline: 21s', 'bad_deadline', 'deadline: 21s'],
  ['a deadline of no time', 'path: /checkout', 'path: /checkout, deadline: 0.5ms', 'bad_deadline', '0.5ms'],
  // Processes
  ['a process found in two ways', PAYMENT, 'payment: { process: { command: x, pid: 7 } }', 'invalid', 'command: x'],
  ['a count without a command', PAYMENT, 'payment: { process: { pid: 7, count: 2 } }', 'invalid', 'count: 2'],
  ['a count of no process', PAYMENT, 'payment: { process: { command: x, count: 0 } }', 'invalid', 'count: 0'],
  ['an expression that is none', PAYMENT, "payment: { process: { command: '/x(/' } }", 'invalid', "'/x(/'"],
  ['a command of blanks', PAYMENT, "payment: { process: { command: '  ' } }", 'invalid', "'  '"],
  ['more processes than the command fits', ORDER, 'order: { process: { command: x } }', 'too_many_targets', 'kill'],
  // Units
  ['a rate without a unit', 'rate: 100/s', 'rate: 100', 'wrong_type', 'rate: 100'],
  ['a rate of zero', 'rate: 100/s', 'rate: 0/s', 'invalid', 'rate: 0/s'],
  ['more than all of the capacity', 'rate: 100/s', 'rate: 120% of capacity', 'invalid', '120%'],
  ['a duration without a unit', 'latency: 150ms', 'latency: 150', 'wrong_type', 'latency: 150'],
  ['a duration of a wrong unit', 'latency: 150ms', 'latency: 150 msec', 'invalid', '150 msec'],
  ['a negative duration', 'baseline: 20s', 'baseline: -20s', 'invalid', '-20s'],
  ['a tolerance without a unit', 'tolerance: 1pp', 'tolerance: 0.01', 'invalid', 'tolerance: 0.01'],
  ['a tolerance in quotes without a unit', 'tolerance: 1pp', "tolerance: '0.01'", 'bad_tolerance', "'0.01'"],
  ['a tolerance of zero', 'tolerance: 1pp', 'tolerance: 0pp', 'bad_tolerance', '0pp'],
  ['points for a time', 'tolerance: 200ms', 'tolerance: 1pp', 'bad_tolerance', 'latency p95'],
  ['a time for a share', 'tolerance: 1pp', 'tolerance: 5ms', 'bad_tolerance', '5ms'],
  ['a relative tolerance of availability', 'tolerance: 1pp', 'tolerance: 1%', 'bad_tolerance', 'tolerance: 1%'],
  ['several tolerances without combine', '200ms', '[200ms, 10%]', 'combine_missing', '[200ms, 10%]'],
  ['an objective the wrong way round', ">= 99%'", "<= 99%'", 'bad_objective', '<= 99%'],
  ['an objective of a wrong unit', ">= 99%'", ">= 99ms'", 'bad_objective', '>= 99ms'],
  ['an indicator that does not exist', 'indicator: latency p95', 'indicator: p95', 'unknown_indicator', 'p95'],
  ['an SLO without a part', `, ${AVAILABILITY}`, '', 'nothing_to_judge', 'availability'],
  // Load
  ['both models in a stream', 'users: 8', 'users: 8\n      rate: 5/s', 'rate_or_users', 'users: 8'],
  ['neither model in a stream', 'rate: 100/s', 'deadline: 1s', 'rate_or_users', 'deadline: 1s'],
  ['a key of the other model', 'rate: 100/s', 'rate: 100/s\n      think: 1s', 'wrong_model', 'think: 1s'],
  ['only requests without weight', 'path: /checkout', 'path: /checkout, weight: 0', 'no_weight', 'checkout'],
  ['no request', '\n        - { name: browse', ' []\n    # { name: browse', 'invalid', 'requests: []'],
  ['a header of our own', 'path: /checkout', 'path: /c, headers: { Host: x }', 'invalid', 'Host: x'],
  ['an impossible header', 'path: /checkout', 'path: /c, headers: { x: "a\\nb" }', 'invalid', 'a\\nb'],
  ['a protocol that is not spoken', "url: 'http://127.0.0.1:7080/items'", "url: 'ftp://x/'", 'bad_url', 'ftp'],
  ['a method that does not exist', 'path: /checkout', 'path: /c, method: FETCH', 'invalid', 'FETCH'],
  ['a host that comes from data', "http://127.0.0.1:7080/items'", "http://{{x}}/items'", 'template_in_host', '{{x}}'],
  ['part of a host from data', 'http://127.0.0.1:7080/i', 'http://127.0.0.1{{x}}/i', 'template_in_host', '{{x}}'],
  ['an own traceparent', 'path: /checkout', 'path: /c, headers: { Traceparent: x }', 'own_traceparent', 'Traceparent'],
  // Indicators from elsewhere
  ['a source without a block', ...slo('indicator: prometheus'), 'bad_source', 'indicator: prometheus'],
  ['a block of another indicator', ...slo('indicator: availability, exit: { service: order }'), 'wrong_source', 'exit'],
  ['a stream for a source', ...slo(`${EXIT}, stream: checkouts`), 'wrong_source', 'stream: checkouts'],
  ['a recovery of a source', ...slo(`${EXIT}, recoverWithin: 2s`), 'wrong_source', 'recoverWithin: 2s'],
  ['an exit that nobody asks for', ...slo(EXIT), 'no_exit', 'exit: { service: order }'],
  ['an exit of nobody', ...slo('indicator: exit, exit: { service: ordr }'), 'unknown_service', 'ordr'],
  ['metrics of a service that has none', ...metric('take: value'), 'no_metrics', 'take: value'],
  ['a percentile of no time', ...metric('take: p99'), 'bad_source', 'take: p99'],
  ['a metric and a query', ...metric('take: value, query: up'), 'bad_source', 'query: up'],
  ['a take that is none', ...metric('take: max'), 'invalid', 'take: max'],
  ['values too often', ...metric('take: value, every: 500ms'), 'bad_source', 'every: 500ms'],
  ['lines of a service that somebody else runs', ...log('service: order'), 'no_log', 'service: order'],
  ['an expression for a field that is none', ...log("of: { a: '/(/' }"), 'bad_source', '/(/'],
  ['a limit of a wrong unit', ...log('of: { a: b }', '>= 5ms'), 'bad_objective', '>= 5ms'],
  // Processes
  ['a process fault without processes', 'service: order,', 'service: gateway,', 'no_process', 'service: gateway,'],
  ['a hit on the only process', 'service: order,', 'service: payment,', 'too_many_targets', 'service: payment,'],
  ['both count and share', 'comesBack: 5s', 'comesBack: 5s, count: 1, share: 30%', 'count_and_share', 'share: 30%'],
  ['a hit on all replicas', 'comesBack: 5s', 'comesBack: 5s, count: 2', 'too_many_targets', 'count: 2'],
  ['a hit on all replicas by share', 'comesBack: 5s', 'comesBack: 5s, share: 100%', 'too_many_targets', 'share: 100%'],
  ['more than there are', 'comesBack: 5s', 'comesBack: 5s, count: 3', 'too_many_targets', 'count: 3'],
  // System
  ['nobody to bring a process back', ', comesBack: 5s', '', 'no_way_back', 'process-kill'],
  [
    'the embedded proxy under a system that is there already',
    '  start: node shop.js\n',
    '',
    'proxy_would_not_outlive',
    'order-payment',
  ],
  ['a link to itself', 'upstream: 127.0.0.1:7203', 'upstream: 127.0.0.1:7303', 'link_to_itself', 'order-payment'],
  ['a name that could leave its folder', 'name: base', 'name: ../base', 'invalid', '../base'],
  ['another version of the language', 'plimsoll: 1', 'plimsoll: 2', 'invalid', 'plimsoll: 2'],
  ['an odd number of trials', 'faults:\n', 'trials: 3\nfaults:\n', 'trials_not_even', 'trials: 3'],
  ['nothing to decide early', 'faults:\n', 'decideEarly: true\nfaults:\n', 'nothing_to_decide_early', 'decideEarly'],
];

describe('a scenario is refused for', () => {
  it('nothing, as long as nothing is wrong', () => {
    expect(problemsOf(BASE)).toEqual([]);
  });

  it.each(refusals)('%s', (_what, from, to, code, line) => {
    const text = changed(from, to);
    const problems = problemsOf(text);
    expect(problems.map((problem) => problem.code)).toContain(code);
    const problem = problems.find((each) => each.code === code);
    expect(problem?.message.length).toBeGreaterThan(10);
    expect(text.split('\n')[(problem?.location.line ?? 0) - 1]).toContain(line);
    expect(problem?.location.frame).toContain('^');
  });
});
