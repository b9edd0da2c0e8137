import type { SystemPlan } from '../plan/plan.js';
import type { EventBody } from '../record/events.js';
import { selectorWords } from '../targets/container.js';
import type { ServicePlan } from '../targets/targets.js';

/** Services and links as the report draws them. */
export function topology(system: SystemPlan): EventBody<'plan.resolved'>['topology'] {
  return {
    services: system.services.map((service) => ({ name: service.name, detail: detailOf(service) })),
    links: system.links.map(({ name, from, to, listen, upstream, protocol }) => ({
      name,
      from,
      to,
      listen,
      upstream,
      protocol,
    })),
  };
}

function detailOf(service: ServicePlan): string {
  switch (service.how) {
    case 'none':
      return service.url ?? '';
    case 'listening':
      return service.addresses.join(', ');
    case 'pid':
      return `pid ${service.pid}`;
    case 'pidfile':
      return `pid file ${service.file}`;
    case 'command':
      return `command ${service.command} × ${service.count}`;
    case 'run':
      return `${service.command} × ${service.replicas}`;
    case 'container':
      return selectorWords(service.container);
  }
}
