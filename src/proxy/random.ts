/** A seeded source of chance: uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A stream of its own for each (seed, name): what one connection rolls does not depend on how many others there are or
 * when they come. Mulberry32 (Tommy Ettinger, public domain), started from an FNV-1a hash of the name.
 */
export function randomStream(seed: number, name: string): Random {
  let state = mix(seed >>> 0) ^ hash(name);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A uniform whole number from -spread to spread - 1; 0 for a spread of 0 or less. */
export function around(random: Random, spread: number): number {
  return spread > 0 ? Math.floor(random() * spread * 2) - spread : 0;
}

function hash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return mix(h);
}

function mix(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
