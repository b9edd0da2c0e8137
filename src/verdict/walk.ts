import type { StreamArrivals } from './input.js';

/** Visits the position of each arrival that belongs to this part of a stream. */
export function walk(arrivals: StreamArrivals, see: (i: number) => void): void {
  const [from, to] = rangeOf(arrivals);
  for (let i = from; i < to; i++) if (belongs(arrivals, i)) see(i);
}

/** Whether no arrival at all belongs to this part of a stream. */
export function isEmpty(arrivals: StreamArrivals): boolean {
  const [from, to] = rangeOf(arrivals);
  for (let i = from; i < to; i++) if (belongs(arrivals, i)) return false;
  return true;
}

function rangeOf({ dueUs, part }: StreamArrivals): [number, number] {
  return part ? [part.from, part.to] : [0, dueUs.length];
}

function belongs({ dueUs, outcome, part }: StreamArrivals, i: number): boolean {
  if (!part) return true;
  if (part.marks !== undefined && part.marks[i] !== part.mark) return false;
  return (dueUs[i] ?? 0) >= part.sinceUs && outcome[i] !== part.without;
}
