import type { Scenario } from '../scenario/parse.js';
import type { Path, Problems } from '../scenario/problems.js';
import { isLoopback } from '../scenario/references.js';
import type { StreamPlan } from '../load/driver.js';

/** Load and faults go to this machine, unless the scenario (`allow:`) and the command line (`--allow-host`) both name the host. */
export function checkBlastRadius(
  scenario: Scenario,
  streams: readonly StreamPlan[],
  options: { allowHosts: readonly string[]; problems: Problems },
): void {
  const seen = new Set<string>();
  const check = (host: string, path: Path, what: string) => {
    if (host === '' || isLoopback(host)) return;
    const inFile = scenario.allow.includes(host);
    const onCommandLine = options.allowHosts.includes(host);
    if ((inFile && onCommandLine) || seen.has(`${host} ${path.join('.')}`)) return;
    seen.add(`${host} ${path.join('.')}`);
    const missing = [
      inFile ? [] : [`\`allow: [${host}]\` in the scenario`],
      onCommandLine ? [] : [`--allow-host ${host} on the command line`],
    ].flat();
    options.problems.add(path, {
      code: 'host_not_allowed',
      message: `${what} would reach ${host}, which is not this machine`,
      hint: `If that is meant, write ${missing.join(' and ')}.`,
    });
  };
  streams.forEach((stream) => {
    const path =
      scenario.load.streams[stream.name] && Object.keys(scenario.load.streams).length === 1 && stream.name === 'load'
        ? ['load']
        : ['load', 'streams', stream.name];
    stream.requests.forEach((request, k) =>
      check(hostOf(request.url), [...path, 'requests', k, 'url'], `request ${request.name}`),
    );
  });
  // A named container is the scenario's own, but its name means something only to a proxy in the containers' network,
  // which `via` leads to.
  const containers = new Set(
    Object.values(scenario.system.services).flatMap(({ container }) => {
      if (typeof container === 'string') return [container];
      return container && 'compose' in container ? [container.compose] : [];
    }),
  );
  for (const [name, link] of Object.entries(scenario.system.links)) {
    const named = scenario.system.toxiproxy && link.via && containers.has(link.upstream.host);
    if (!named) check(link.upstream.host, ['system', 'links', name, 'upstream'], `link ${name}`);
    check((link.via ?? link.listen).host, ['system', 'links', name, link.via ? 'via' : 'listen'], `link ${name}`);
  }
  for (const [name, service] of Object.entries(scenario.system.services)) {
    if (service.metrics)
      check(hostOf(service.metrics), ['system', 'services', name, 'metrics'], `the metrics of ${name}`);
  }
  scenario.slos.forEach(({ name, prometheus }, k) => {
    if (prometheus?.server !== undefined)
      check(hostOf(prometheus.server), ['slos', k, 'prometheus', 'server'], `the Prometheus of SLO ${name}`);
  });
  if (scenario.system.toxiproxy)
    check(hostOf(scenario.system.toxiproxy), ['system', 'toxiproxy'], 'the Toxiproxy server');
  if (scenario.system.ready) check(hostOf(scenario.system.ready), ['system', 'ready'], 'the readiness check');
}

function hostOf(url: string): string {
  // Templates before the path have been refused: what does not parse as a URL here is a Unix socket.
  return URL.canParse(url) && /^https?:/.test(url) ? new URL(url).hostname : '';
}
