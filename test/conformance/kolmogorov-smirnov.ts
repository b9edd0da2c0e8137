/** One in ten thousand: so rarely does a true hypothesis fail these tests. */
const LIMIT = Math.sqrt(-Math.log(0.0001 / 2) / 2);

/** @returns the greatest distance of the sample from the distribution, and the one that chance explains. */
export function againstDistribution(sample: readonly number[], cdf: (x: number) => number): Distance {
  const sorted = [...sample].sort((a, b) => a - b);
  const distance = sorted.reduce((most, x, index) => {
    const expected = cdf(x);
    return Math.max(most, (index + 1) / sorted.length - expected, expected - index / sorted.length);
  }, 0);
  return { distance, limit: LIMIT / Math.sqrt(sorted.length) };
}

/** The same for two samples. */
export function againstEachOther(one: readonly number[], two: readonly number[]): Distance {
  const share = (sample: readonly number[], x: number): number => sample.filter((y) => y <= x).length / sample.length;
  const distance = Math.max(...[...one, ...two].map((x) => Math.abs(share(one, x) - share(two, x))));
  return { distance, limit: LIMIT * Math.sqrt((one.length + two.length) / (one.length * two.length)) };
}

export interface Distance {
  distance: number;
  limit: number;
}
