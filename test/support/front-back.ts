import { resolve } from 'node:path';

/** The one link between two services `front` and `back`, as a scenario writes it. Ports of 127.0.0.1. */
export function frontBackLink({ link, back }: { link: number; back: number }): Record<string, unknown> {
  return {
    from: 'front',
    to: 'back',
    listen: `127.0.0.1:${link}`,
    upstream: `127.0.0.1:${back}`,
    protocol: 'http',
    canary: { path: '/' },
  };
}

/**
 * A scenario on these two services, which the run starts, for runs whose phases are cut short (test/chaos/whole-run.js):
 * nothing in it is judged.
 */
export function frontBackScenario(
  ports: { front: number; back: number; link: number },
  about: { name: string; description: string; services?: Record<string, unknown>; faults: Record<string, unknown>[] },
): Record<string, unknown> {
  const { front, back, link } = ports;
  return {
    plimsoll: 1,
    name: about.name,
    description: about.description,
    system: {
      start: ['node', resolve('test/e2e/services.js'), front, back, link].join(' '),
      ready: `http://127.0.0.1:${front}/readyz`,
      services: { front: { url: `http://127.0.0.1:${front}` }, back: {}, ...about.services },
      links: { 'front-back': frontBackLink(ports) },
    },
    load: { rate: '20/s', deadline: '1s', requests: [{ name: 'home', service: 'front', path: '/' }] },
    phases: { warmup: '2s', baseline: '20s', fault: '20s', recovery: '2s' },
    faults: about.faults,
    slos: [{ name: 'up', indicator: 'availability', objective: '>= 1%', severity: 'info' }],
    stop: 'off',
  };
}
