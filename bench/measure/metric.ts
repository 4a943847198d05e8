// The registry of what is measured: names, units and how the values of several rounds become one.
import { median, sum } from './statistics.ts';

interface MetricInfo {
  readonly heading: string;
  readonly decimals: number;
  /** How rounds are joined: failures are added up, the worst case stays the worst, everything else is the median. */
  readonly join: 'median' | 'sum' | 'max';
}

export const metrics = {
  requestsPerSecond: { heading: 'req/s', decimals: 0, join: 'median' },
  cpuMicros: { heading: 'CPU µs/req', decimals: 1, join: 'median' },
  busyPercent: { heading: 'busy %', decimals: 0, join: 'median' },
  p50Ms: { heading: 'p50 ms', decimals: 2, join: 'median' },
  p99Ms: { heading: 'p99 ms', decimals: 2, join: 'median' },
  quietP99Ms: { heading: 'p99 ms, no churn', decimals: 2, join: 'median' },
  failed: { heading: 'failed', decimals: 0, join: 'sum' },
  cut: { heading: 'cut', decimals: 0, join: 'sum' },
  connections: { heading: 'idle conns', decimals: 0, join: 'median' },
  bytesPerConnection: { heading: 'bytes/conn', decimals: 0, join: 'median' },
  propagationP50Ms: { heading: 'live p50 ms', decimals: 1, join: 'median' },
  propagationP99Ms: { heading: 'live p99 ms', decimals: 1, join: 'median' },
  propagationMaxMs: { heading: 'live max ms', decimals: 1, join: 'max' },
  controlP50Ms: { heading: 'control p50 ms', decimals: 1, join: 'median' },
  controlP99Ms: { heading: 'control p99 ms', decimals: 1, join: 'median' },
  reportedP50Ms: { heading: 'own p50 ms', decimals: 1, join: 'median' },
  reportedP99Ms: { heading: 'own p99 ms', decimals: 1, join: 'median' },
  changes: { heading: 'changes', decimals: 0, join: 'sum' },
  mainThreadPercent: { heading: 'main thread %', decimals: 0, join: 'median' },
  heapGrowthMegabytes: { heading: 'heap growth MB', decimals: 1, join: 'median' },
  startMs: { heading: 'first 200 ms', decimals: 0, join: 'median' },
  residentMegabytes: { heading: 'RSS MB', decimals: 1, join: 'median' },
  proportionalMegabytes: { heading: 'PSS MB', decimals: 1, join: 'median' },
} as const satisfies Record<string, MetricInfo>;

export type Metric = keyof typeof metrics;

/** The values of one round. A metric that a scenario does not measure, or that a target cannot tell, is absent. */
export type Sample = Readonly<Partial<Record<Metric, number>>>;

/** The value over all rounds, or undefined if no round has it. */
export function joinRounds(samples: readonly Sample[], metric: Metric): number | undefined {
  const known = samples.map((sample) => sample[metric]).filter((value) => value !== undefined);
  const values = known.filter((value) => !Number.isNaN(value));
  if (values.length === 0) {
    return undefined;
  }
  const { join } = metrics[metric];
  if (join === 'sum') {
    return sum(values);
  }
  return join === 'max' ? Math.max(...values) : median(values);
}

export function formatMetric(metric: Metric, value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(metrics[metric].decimals);
}
