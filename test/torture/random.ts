// A small seeded generator, so that a run with the same seed sends the same bytes.

/** A number from 0 inclusive to 1 exclusive. */
export type Random = () => number;

/** The mulberry32 generator over a seed; strings are hashed (FNV-1a) into one. */
export function createRandom(seed: string): Random {
  let state = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number from 0 to `below` - 1. */
export function pickNumber(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** One member of a list that is not empty. */
export function pickOne<T>(random: Random, list: readonly T[]): T {
  const picked = list[pickNumber(random, list.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}
