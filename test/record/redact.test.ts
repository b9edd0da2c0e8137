import { describe, expect, it } from 'vitest';
import { MASK, redact, redactData } from '../../src/record/redact.js';

describe('redact', () => {
  it.each([
    ['http://user:hunter2@db:5432/x', 'hunter2'],
    ['amqp://hunter2@host', 'hunter2'],
    ['authorization: Bearer abc.hunter2-x', 'hunter2'],
    ['  - "Authorization: Basic aHVudGVyMg=="', 'aHVudGVyMg'],
    ['headers: { authorization: "Bearer hunter2hunter2", accept: x }', 'hunter2'],
    ['{"password":"hun\\"ter2","a":1}', 'ter2'],
    ["client_secret: 'hunter2 with spaces'", 'hunter2'],
    ['PAYMENT_TOKEN=hunter2 node x', 'hunter2'],
    ['export DB_PASSWORD="hunter2"', 'hunter2'],
    ['node x --api-key hunter2', 'hunter2'],
    ['node x --password=hunter2', 'hunter2'],
    ['http://h/path?user=ann&access_token=hunter2&x=1', 'hunter2'],
    ['x-api-key: hunter2', 'hunter2'],
    ['Cookie: session=hunter2', 'hunter2'],
    ['Set-Cookie: id=hunter2; Path=/', 'hunter2'],
    ['curl -H "Proxy-Authorization: Digest hunter2hunter2"', 'hunter2'],
    ['-----BEGIN PRIVATE KEY-----\nhunter2\nAAAA\n-----END PRIVATE KEY-----', 'hunter2'],
    ['passphrase: hunter2', 'hunter2'],
    ['clientPassword: hunter2', 'hunter2'],
  ])('masks %j', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain(MASK);
    expect(redact(redact(text))).toBe(redact(text));
    expect(redact(text).split('\n')).toHaveLength(text.split('\n').length);
  });

  it.each([
    'name: payment-slow\ndescription: Checkout keeps its SLOs while payment answers 150 ms late.',
    'url: http://127.0.0.1:7080/checkout?sku=mug',
    'slos:\n  - { name: availability, objective: ">= 99.9%", tolerance: 0.1pp }',
    'authorization: ${API_TOKEN}',
    'token: "{{token}}"',
    'connect to a@b.example.com',
    'The token expired after 30 s.',
  ])('leaves %j as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('keeps what stands around a secret', () => {
    expect(redact('a=1 API_TOKEN=hunter2 b=2')).toBe(`a=1 API_TOKEN=${MASK} b=2`);
    expect(redact('http://u:p@h:1/x')).toBe(`http://${MASK}@h:1/x`);
  });

  it('masks data by name and by content', () => {
    expect(
      redactData({
        a: [{ token: 'x', tokens: 3, note: 'http://u:p@h/' }],
        password: { nested: 'Bearer abcdefgh' },
        n: null,
      }),
    ).toEqual({
      a: [{ token: MASK, tokens: MASK, note: `http://${MASK}@h/` }],
      password: { nested: `Bearer ${MASK}` },
      n: null,
    });
  });
});
