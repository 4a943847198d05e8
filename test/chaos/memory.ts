// Whether memory is flat: after the warm-up, the last quarter of the samples is compared with the first by their medians.

const WARM_UP = 20;
const LEAST = 16;
const GROWTH = 1.2;
const SLACK_BYTES = 32 * 1024 * 1024;

export interface MemoryVerdict {
  readonly isFlat: boolean;
  readonly firstBytes: number;
  readonly lastBytes: number;
}

/** One sample a second. Undefined where there are too few to tell. */
export function judgeMemory(samples: readonly number[]): MemoryVerdict | undefined {
  const warm = samples.slice(WARM_UP);
  if (warm.length < LEAST) return undefined;
  const quarter = Math.floor(warm.length / 4);
  const firstBytes = median(warm.slice(0, quarter));
  const lastBytes = median(warm.slice(-quarter));
  return { isFlat: lastBytes <= firstBytes * GROWTH + SLACK_BYTES, firstBytes, lastBytes };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
