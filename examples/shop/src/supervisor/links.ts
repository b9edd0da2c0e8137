import { LINKS, loopback, type LinkName } from '../shared/settings.js';
import { accepts } from './ports.js';

/**
 * Which links run through a proxy: `SHOP_VIA_LINKS` says `1` (all), `0` (none) or names them. Without it, those are
 * used on whose port something listens when the shop starts; so a chaos tool needs only to put its proxies there first.
 */
export async function proxiedLinks(setting = process.env['SHOP_VIA_LINKS'] ?? 'auto'): Promise<ReadonlySet<LinkName>> {
  const all = Object.keys(LINKS) as LinkName[];
  if (setting === '1') return new Set(all);
  if (setting === '0') return new Set();
  if (setting === 'auto') {
    const there = await Promise.all(all.map((name) => accepts(LINKS[name].listen)));
    return new Set(all.filter((_, index) => there[index]));
  }
  const names = setting.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(LINKS, name));
  if (unknown !== undefined) {
    throw new Error(
      `SHOP_VIA_LINKS names "${unknown}", which is not a link. Known: ${all.join(', ')}; or 1 (all), 0 (none), auto`,
    );
  }
  return new Set(all.filter((name) => names.includes(name)));
}

/** Where a caller dials: the proxy's side of the link, or the service itself. */
export function dial(link: LinkName, proxied: ReadonlySet<LinkName>): string {
  return loopback(proxied.has(link) ? LINKS[link].listen : LINKS[link].upstream);
}
