import { describe, expect, test } from 'vitest';
import { expectationsOf } from '../../src/load/expectations.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const status: [number, number][] = [
  [200, 299],
  [404, 404],
];

describe('expectations', () => {
  test.each([
    [200, 'ok'],
    [404, 'ok'],
    [400, 'http_4xx'],
    [503, 'http_5xx'],
    [301, 'check_failed'],
    [101, 'check_failed'],
    [600, 'check_failed'],
  ])('status %i is %s', (code, outcome) => {
    const { needsBody, outcomeOf } = expectationsOf({ status, bodyContains: undefined, bodyJson: undefined });
    expect(needsBody).toBe(false);
    expect(outcomeOf(code, undefined)).toBe(outcome);
  });

  test('a text must be in the body', () => {
    const { needsBody, outcomeOf } = expectationsOf({ status, bodyContains: 'paid', bodyJson: undefined });
    expect(needsBody).toBe(true);
    expect(outcomeOf(200, bytes('it is paid'))).toBe('ok');
    expect(outcomeOf(200, bytes('pending'))).toBe('check_failed');
    expect(outcomeOf(200, undefined)).toBe('check_failed');
    // The status comes first: a 503 is a 503 whatever it says.
    expect(outcomeOf(503, bytes('paid'))).toBe('http_5xx');
  });

  test('JSON paths must have a value, or match a pattern', () => {
    const bodyJson = { 'order.state': 'paid', 'items.0.sku': '/^mug-\\d+$/', total: { sum: 3, currency: 'EUR' } };
    const { outcomeOf } = expectationsOf({ status, bodyContains: undefined, bodyJson });
    const good = { order: { state: 'paid' }, items: [{ sku: 'mug-12' }], total: { currency: 'EUR', sum: 3 } };
    const outcome = (document: unknown) => outcomeOf(200, bytes(JSON.stringify(document)));
    expect(outcome(good)).toBe('ok');
    expect(outcome({ ...good, order: { state: 'pending' } })).toBe('check_failed');
    expect(outcome({ ...good, items: [{ sku: 'lamp-1' }] })).toBe('check_failed');
    expect(outcome({ ...good, total: { sum: 3 } })).toBe('check_failed');
    expect(outcome({ ...good, items: [] })).toBe('check_failed');
    expect(outcomeOf(200, bytes('not JSON'))).toBe('check_failed');
  });
});
