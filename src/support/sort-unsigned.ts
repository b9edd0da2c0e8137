/** From this length on a radix sort pays; below, the engine's own sort is faster. */
const RADIX_FROM = 2048;
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Sorts in place, in ascending order. Long arrays go by a radix sort (least digit first), several times as fast as
 * comparing: response times have few digits, and a run has millions of them. `scratch` saves an allocation; at least as
 * long as `values`.
 */
export function sortUnsigned(values: Uint32Array, scratch?: Uint32Array): Uint32Array {
  const count = values.length;
  if (count < RADIX_FROM) return values.sort();
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, values[i] ?? 0);
  let from = values;
  let to = scratch && scratch.length >= count ? scratch.subarray(0, count) : new Uint32Array(count);
  const starts = new Uint32Array(DIGITS);
  for (let shift = 0; shift < 32 && (shift === 0 || most >>> shift > 0); shift += DIGIT_BITS) {
    starts.fill(0);
    for (let i = 0; i < count; i++) {
      const digit = ((from[i] ?? 0) >>> shift) & (DIGITS - 1);
      starts[digit] = (starts[digit] ?? 0) + 1;
    }
    let start = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const many = starts[digit] ?? 0;
      starts[digit] = start;
      start += many;
    }
    for (let i = 0; i < count; i++) {
      const value = from[i] ?? 0;
      const digit = (value >>> shift) & (DIGITS - 1);
      const at = starts[digit] ?? 0;
      to[at] = value;
      starts[digit] = at + 1;
    }
    [from, to] = [to, from];
  }
  if (from !== values) values.set(from);
  return values;
}
