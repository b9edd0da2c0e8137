import type { FaultResult, RunResult } from '../../src/result/schema.js';
import type { Times } from './sample-load.js';

/** The scenario that the sample result claims to come from. */
export const SCENARIO_TEXT = `plimsoll: 1
name: payment-slow
description: Checkout keeps its SLOs while payment answers 150 ms late over gRPC.

system:
  start: node examples/shop/dist/start.js
  ready: http://127.0.0.1:7080/readyz
  services:
    gateway: { url: http://127.0.0.1:7080 }
    order: { process: { listening: [127.0.0.1:7201, 127.0.0.1:7202] } }
    payment: { process: { listening: 127.0.0.1:7203 } }
  links:
    order-payment: { from: order, to: payment, listen: 127.0.0.1:7303, upstream: 127.0.0.1:7203, protocol: grpc }

load:
  streams:
    checkouts:
      rate: 250/s
      requests:
        - { name: checkout, method: POST, url: http://127.0.0.1:7080/checkout }
    shoppers:
      users: 8
      think: 100ms
      requests: [{ name: browse, url: http://127.0.0.1:7080/items }, { name: item, url: http://127.0.0.1:7080/items/7 }]

phases: { warmup: 3s, baseline: 20s, fault: 20s, recovery: 10s }

faults:
  - { type: latency, link: order-payment, latency: 150ms, jitter: 10ms }
  - { type: process-kill, service: order, count: 1, signal: SIGKILL, at: 10s, comesBack: 5s }

slos:
  - { name: availability, indicator: availability, objective: ">= 99.9%", tolerance: 0.1pp }
  - { name: checkout p95, indicator: latency p95, request: checkout, objective: "<= 250ms", tolerance: 200ms, recoverWithin: 5s }
  - { name: paid at once, indicator: status 200, request: checkout, tolerance: 60pp, severity: info }
  - { name: goodput, indicator: throughput, stream: checkouts, tolerance: 10%, severity: warning }
  - { name: browse p99, indicator: latency p99, stream: shoppers, tolerance: 1ms, severity: warning }

seed: 7
`;

export function sampleFaults(times: Times): FaultResult[] {
  const at = (value: number): number => Number(value.toFixed(3));
  return [
    {
      id: 'f1',
      type: 'latency',
      title: 'Added latency',
      summary: 'payment answers 150 ± 10 ms late (link order-payment, downstream)',
      duration: 'lasting',
      settings: { link: 'order-payment', latency: '150ms', jitter: '10ms', direction: 'downstream' },
      targets: [{ kind: 'link', name: 'order-payment', detail: '127.0.0.1:7303 → 127.0.0.1:7203' }],
      requestedS: times.inject,
      injectedS: at(times.inject + 0.004),
      provenS: times.fault,
      undoRequestedS: times.faultEnd,
      undoDoneS: at(times.faultEnd + 0.006),
      undoProvenS: times.recovery,
      proof: {
        status: 'confirmed',
        method: 'grpc ping through the link, before and during',
        finding: 'five pings took 151.8 ms in the median, 0.9 ms before: 150.9 ms more, where 150 ± 15 ms was ordered',
        measured: { beforeMs: 0.9, duringMs: 151.8, delayMs: 150.9, orderedMs: 150, pings: 5 },
      },
      undoProof: {
        status: 'confirmed',
        method: 'grpc ping through the link, and the list of toxics read back',
        finding: 'no toxic is left on order-payment, and five pings took 0.9 ms in the median',
        measured: { toxics: 0, pingMs: 0.9, pings: 5 },
      },
      undo: [
        {
          id: 'f1/1',
          words: 'remove toxic plimsoll-r7k2m9-f1 from link order-payment',
          byHand: 'curl -X DELETE http://127.0.0.1:8474/proxies/order-payment/toxics/plimsoll-r7k2m9-f1',
          state: 'done',
        },
      ],
    },
    {
      id: 'f2',
      type: 'process-kill',
      title: 'Process killed',
      summary: 'one of two replicas of order is killed with SIGKILL (pid 48207)',
      duration: 'instant',
      settings: { service: 'order', count: 1, signal: 'SIGKILL', at: '10s', comesBack: '5s' },
      targets: [{ kind: 'process', name: 'order', detail: 'pid 48207, listening on 127.0.0.1:7202' }],
      requestedS: times.kill,
      injectedS: at(times.kill + 0.002),
      provenS: at(times.kill + 0.011),
      undoRequestedS: at(times.faultEnd + 0.001),
      undoDoneS: at(times.faultEnd + 0.009),
      undoProvenS: at(times.faultEnd + 0.03),
      proof: {
        status: 'confirmed',
        method: 'exit status of the process, and a connection to its port',
        finding: 'pid 48207 ended by SIGKILL after 2 ms, and 127.0.0.1:7202 refused a connection',
        measured: { signal: 'SIGKILL', afterMs: 2, portRefused: true },
      },
      undoProof: {
        status: 'confirmed',
        method: 'a connection to each of its ports',
        finding: 'order answers on 127.0.0.1:7201 and 127.0.0.1:7202; a new replica (pid 48391) came back after 1.9 s',
        measured: { backAfterMs: 1900, pid: 48391 },
      },
      undo: [
        {
          id: 'f2/1',
          words: 'make sure that order listens on 127.0.0.1:7201 and 127.0.0.1:7202',
          byHand: 'nc -z 127.0.0.1 7202 || node examples/shop/dist/start.js order',
          state: 'already_done',
        },
      ],
      inFlight: { requests: 9, lost: 0 },
    },
  ];
}

export function sampleEvents(times: Times): RunResult['events'] {
  const lines: [number, string, string][] = [
    [-1.21, 'run.started', 'run r7k2m9 of payment-slow, seed 7'],
    [-1.2, 'plan.resolved', '2 faults, 5 SLOs, 3 links'],
    [-1.18, 'system.started', 'shop, pid 48190: node examples/shop/dist/start.js'],
    [-0.14, 'system.ready', 'shop, after 1.04 s'],
    [0, 'phase.started', 'warmup, 3 s'],
    [times.baseline, 'window.opened', 'baseline'],
    [times.baselineEnd, 'window.closed', 'baseline'],
    [times.inject, 'fault.requested', 'f1 latency: payment answers 150 ± 10 ms late'],
    [times.inject + 0.004, 'fault.injected', 'f1 latency'],
    [times.fault, 'fault.proven', 'f1 latency: confirmed, 150.9 ms more'],
    [times.fault, 'window.opened', 'fault'],
    [times.fault + 2, 'slo.breached', 'browse p99: 16.1 ms, limit 15.3 ms'],
    [times.kill, 'fault.requested', 'f2 process-kill: one of two replicas of order'],
    [times.kill + 0.011, 'fault.proven', 'f2 process-kill: confirmed, pid 48207 ended by SIGKILL'],
    [times.kill + 0.012, 'system.exited', 'order, pid 48207, SIGKILL, expected'],
    [times.back, 'note', 'operator: the second replica of order is back'],
    [times.faultEnd, 'window.closed', 'fault'],
    [times.faultEnd, 'undo.requested', 'f1 latency'],
    [times.faultEnd + 0.006, 'undo.done', 'f1/1: remove toxic plimsoll-r7k2m9-f1 from link order-payment'],
    [times.faultEnd + 0.009, 'undo.done', 'f2/1: order listens again (already done)'],
    [times.recovery, 'undo.proven', 'f1 latency: confirmed, 0.9 ms as before'],
    [times.recovery, 'window.opened', 'recovery'],
    [times.recovery + 1.4, 'slo.recovered', 'checkout p95: 58 ms, limit 61 ms'],
    [times.end, 'window.closed', 'recovery'],
    [times.end + 0.9, 'invariant.checked', 'nothing lost: held'],
    [times.end + 1.3, 'run.ended', 'passed, exit 0'],
  ];
  return lines.map(([t, type, text]) => ({ t: Number(t.toFixed(3)), type, text }));
}
