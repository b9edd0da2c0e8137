/**
 * Seeded chance. The same seed and the same names give the same numbers on every machine, whatever the order in which
 * the streams are used: each user of chance takes a stream of its own by name.
 *
 * The generator is SplitMix-style mixing into xoshiro128** (Blackman and Vigna, 2018; public domain algorithms).
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform whole number in [0, n). */
  int(n: number): number;
  /** `count` different elements, in the order of their picking. */
  pick<T>(from: readonly T[], count: number): T[];
}

/** A stream of chance for (seed, name). */
export function random(seed: number, name: string): Random {
  const state = new Uint32Array(4);
  let h = hash32(seed >>> 0, name);
  for (let i = 0; i < 4; i++) {
    h = (h + 0x9e3779b9) >>> 0;
    state[i] = mix32(h);
  }
  if (state.every((word) => word === 0)) state[0] = 1;

  const next = (): number => {
    const [s0, s1, s2, s3] = state as unknown as [number, number, number, number];
    const result = Math.imul(rotl(Math.imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    const x2 = s2 ^ s0;
    const x3 = s3 ^ s1;
    state[1] = s1 ^ x2;
    state[0] = s0 ^ x3;
    state[2] = x2 ^ t;
    state[3] = rotl(x3, 11);
    return result / 2 ** 32;
  };
  const int = (n: number): number => Math.floor(next() * n);
  return {
    next,
    int,
    pick(from, count) {
      const pool = [...from];
      const picked = [];
      while (picked.length < count && pool.length > 0) picked.push(...pool.splice(int(pool.length), 1));
      return picked;
    },
  };
}

/** A uniform number in [0, 1) that depends on (seed, name, index) alone: chance without a state, for arrival `index`. */
export function randomAt(seed: number, name: string, index: number): number {
  return mix32((hash32(seed >>> 0, name) + Math.imul(index + 1, 0x9e3779b9)) >>> 0) / 2 ** 32;
}

/** FNV-1a over the name, started from the seed, then mixed. */
function hash32(seed: number, name: string): number {
  let h = (0x811c9dc5 ^ mix32(seed)) >>> 0;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return mix32(h);
}

/** The finaliser of MurmurHash3. */
function mix32(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function rotl(x: number, k: number): number {
  return ((x << k) | (x >>> (32 - k))) >>> 0;
}
