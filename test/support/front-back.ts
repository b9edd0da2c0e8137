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
