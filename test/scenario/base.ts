import { parseScenario, type Scenario } from '../../src/scenario/index.js';
import { formatProblems } from '../../src/scenario/index.js';

/** A small scenario that has no problem. Tests change one place of it and look what is said. */
export const BASE = `plimsoll: 1
name: base
system:
  start: node shop.js
  services:
    gateway: { url: 'http://127.0.0.1:7080' }
    order: { process: { listening: [127.0.0.1:7201, 127.0.0.1:7202] } }
    payment: { process: { listening: 127.0.0.1:7203 } }
  links:
    order-payment: { from: order, to: payment, listen: 127.0.0.1:7303, upstream: 127.0.0.1:7203, protocol: grpc }
load:
  streams:
    checkouts:
      rate: 100/s
      requests:
        - { name: checkout, service: gateway, path: /checkout }
    shoppers:
      users: 8
      think: 100ms
      requests:
        - { name: browse, url: 'http://127.0.0.1:7080/items' }
phases: { warmup: 3s, baseline: 20s, fault: 20s, recovery: 10s }
faults:
  - { type: latency, link: order-payment, latency: 150ms }
  - { type: process-kill, service: order, at: 10s, comesBack: 5s }
slos:
  - { name: availability, indicator: availability, objective: '>= 99%', tolerance: 1pp }
  - { name: p95, indicator: latency p95, request: checkout, tolerance: 200ms, recoverWithin: 5s }
`;

/** The base with one text in place of another, which must be there. */
export function changed(from: string, to: string, base = BASE): string {
  if (!base.includes(from)) throw new Error(`the base scenario does not hold ${JSON.stringify(from)}`);
  return base.replace(from, () => to);
}

export function problemsOf(text: string, env: Record<string, string> = {}) {
  return parseScenario(text, 'base.yaml', env).problems;
}

/** Parses what must be valid. */
export function valid(text: string, env: Record<string, string> = {}): Scenario {
  const { scenario, problems } = parseScenario(text, 'base.yaml', env);
  if (!scenario) throw new Error(formatProblems(problems, { colour: false }));
  return scenario;
}
