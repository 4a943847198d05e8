// Reads one histogram out of a page in Prometheus text format, so that what the proxy says about itself can stand beside what was observed.

export interface Histogram {
  /** Upper bounds in rising order, the last one Infinity, with cumulative counts. */
  readonly buckets: readonly { readonly upperBound: number; readonly count: number }[];
}

/** Sums all series of the histogram `name`. Undefined if the page has no such histogram. */
export function parseHistogram(page: string, name: string): Histogram | undefined {
  const counts = new Map<number, number>();
  for (const line of page.split('\n')) {
    if (!line.startsWith(`${name}_bucket{`)) {
      continue;
    }
    const bound = /\ble="([^"]+)"/.exec(line)?.[1];
    const value = Number(/\}\s+(\S+)/.exec(line)?.[1]);
    if (bound !== undefined && Number.isFinite(value)) {
      const upperBound = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
      counts.set(upperBound, (counts.get(upperBound) ?? 0) + value);
    }
  }
  if (counts.size === 0) {
    return undefined;
  }
  const buckets = [...counts].map(([upperBound, count]) => ({ upperBound, count })).toSorted((a, b) => a.upperBound - b.upperBound);
  return { buckets };
}

/** What was added to a histogram between two readings of it. */
export function histogramSince(before: Histogram | undefined, after: Histogram): Histogram {
  const earlier = new Map(before?.buckets.map(({ upperBound, count }) => [upperBound, count]));
  return { buckets: after.buckets.map(({ upperBound, count }) => ({ upperBound, count: count - (earlier.get(upperBound) ?? 0) })) };
}

/** Interpolates inside the bucket as PromQL's histogram_quantile does. NaN if empty, the last finite bound if beyond all of them. */
export function histogramPercentile(histogram: Histogram, percent: number): number {
  const total = histogram.buckets.at(-1)?.count ?? 0;
  if (total === 0) {
    return Number.NaN;
  }
  const rank = (percent / 100) * total;
  let lowerBound = 0;
  let below = 0;
  for (const { upperBound, count } of histogram.buckets) {
    if (count >= rank) {
      const share = count === below ? 1 : (rank - below) / (count - below);
      return Number.isFinite(upperBound) ? lowerBound + (upperBound - lowerBound) * share : lowerBound;
    }
    lowerBound = upperBound;
    below = count;
  }
  return lowerBound;
}
