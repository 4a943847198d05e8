// The bars: what must hold before a release. "Speed" is how many times less CPU time, or how many times more throughput, than the peer: 1.3x against
// nginx means that nginx needs 1.3 times as much for the same request.
import { joinRounds } from './measure/metric.ts';
import type { Metric } from './measure/metric.ts';
import type { ScenarioResult } from './scenarios/scenario.ts';
import type { TargetName } from './targets/target.ts';

export interface BarResult {
  readonly name: string;
  readonly limit: string;
  readonly measured: string;
  readonly verdict: 'ok' | 'missed' | 'not measured';
  /** Absent if the bar has no aim beyond its limit, or was not measured. */
  readonly isAimReached?: boolean;
}

interface Bar {
  readonly scenario: string;
  readonly name: string;
  readonly unit: 'x' | 'ms' | 'µs' | 'MB' | '%' | '';
  readonly direction: 'at least' | 'at most';
  /** Absent: there is only an aim. */
  readonly hold?: number;
  readonly aim?: number;
  /** Undefined if it was not measured. */
  readonly value: (results: Lookup) => number | undefined;
}

interface Key {
  readonly scenario: string;
  readonly target: TargetName;
  readonly metric: Metric;
  /** The name of the variant, or its position among those of the target; 0 is the first. */
  readonly variant?: number | string;
}

type Lookup = (key: Key) => number | undefined;

/** Judges all bars of the scenarios that ran. */
export function judgeBars(results: readonly ScenarioResult[], manyHosts: number): readonly BarResult[] {
  const lookup: Lookup = ({ scenario, target, metric, variant = 0 }) => {
    const rows = results.find(({ name }) => name === scenario)?.subjects.filter((subject) => subject.target === target);
    const row = typeof variant === 'string' ? rows?.find((subject) => subject.variant === variant) : rows?.[variant];
    const samples = row?.samples;
    return samples === undefined ? undefined : joinRounds(samples, metric);
  };
  const ran = bars.filter(({ scenario }) => results.some(({ name }) => name === scenario));
  return ran.map((bar) => judge(bar, bar.value(lookup), manyHosts));
}

function judge({ name, unit, direction, hold, aim, scenario }: Bar, value: number | undefined, manyHosts: number): BarResult {
  const decimals = (amount: number): number => (unit === 'x' || unit === 'µs' ? 2 : unit === '' || amount >= 100 ? 0 : 1);
  const write = (text: string): string => (unit === 'x' ? `${text}x` : `${text} ${unit}`.trim());
  const show = (amount: number): string => write(amount.toFixed(decimals(amount)));
  const limits = [...(hold === undefined ? [] : [show(hold)]), ...(aim === undefined ? [] : [`aim ${show(aim)}`])];
  const limit = `${direction} ${limits.join(', ')}`.replace(/^(at \w+) aim/, 'aim $1');
  const fullName = `${scenario}: ${name.replace('{hosts}', manyHosts.toLocaleString('en'))}`;
  if (value === undefined) {
    return { name: fullName, limit, measured: '-', verdict: 'not measured' };
  }
  const holds = (bound: number): boolean => (direction === 'at least' ? value >= bound : value <= bound);
  return {
    name: fullName,
    limit,
    measured: write(roundToWorse(value, decimals(value), direction)),
    verdict: hold === undefined || holds(hold) ? 'ok' : 'missed',
    ...(aim === undefined ? {} : { isAimReached: holds(aim) }),
  };
}

/** So that a value that misses its limit by a hair does not look like the limit. */
function roundToWorse(value: number, decimals: number, direction: Bar['direction']): string {
  const factor = 10 ** decimals;
  // Nine digits of slack: 1.2 must not become 1.19 because it is stored as a hair less.
  const scaled = Number((value * factor).toPrecision(9));
  return ((direction === 'at least' ? Math.floor(scaled) : Math.ceil(scaled)) / factor).toFixed(decimals);
}

function ratio(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}

/** How many times less CPU time Portico needs than the peer. */
function cpuSpeed(scenario: string, peer: TargetName): Bar['value'] {
  return (lookup) =>
    ratio(lookup({ scenario, target: peer, metric: 'cpuMicros' }), lookup({ scenario, target: 'portico', metric: 'cpuMicros' }));
}

/** How many times the throughput of the peer Portico has. */
function throughput(scenario: string, peer: TargetName): Bar['value'] {
  return (lookup) =>
    ratio(
      lookup({ scenario, target: 'portico', metric: 'requestsPerSecond' }),
      lookup({ scenario, target: peer, metric: 'requestsPerSecond' }),
    );
}

function own(scenario: string, metric: Metric, variant = 0): Bar['value'] {
  return (lookup) => lookup({ scenario, target: 'portico', metric, variant });
}

function againstNginx(scenario: string, hold: number): readonly Bar[] {
  const common = { scenario, unit: 'x', direction: 'at least', hold } as const;
  return [
    { ...common, name: 'CPU time per request, speed against nginx', value: cpuSpeed(scenario, 'nginx') },
    { ...common, name: 'throughput against nginx', value: throughput(scenario, 'nginx') },
  ];
}

/** `baseline`: position of the variant that the one with many hosts is compared with. */
function manyHostsCost(baseline: number): Bar['value'] {
  return (lookup) => {
    const cpu = (variant: number): number | undefined => lookup({ scenario: 'hosts', target: 'portico', metric: 'cpuMicros', variant });
    const share = ratio(cpu(1), cpu(baseline));
    return share === undefined ? undefined : (share - 1) * 100;
  };
}

function churnBars(scenario: string): readonly Bar[] {
  return [
    {
      ...{
        scenario,
        name: 'change to live in all workers with {hosts} Ingresses, p99',
        unit: 'ms',
        direction: 'at most',
        hold: 20,
        aim: 5,
      },
      value: own(scenario, 'propagationP99Ms'),
    },
    { scenario, name: 'failed requests', unit: '', direction: 'at most', hold: 0, value: own(scenario, 'failed') },
    { scenario, name: 'cut connections', unit: '', direction: 'at most', hold: 0, value: own(scenario, 'cut') },
  ];
}

/** CPU time per request above that of a plain route in the same run. */
function policyBar(variant: string, hold: number): Bar {
  const cpu = (lookup: Lookup, row: string): number | undefined =>
    lookup({ scenario: 'policies', target: 'portico', metric: 'cpuMicros', variant: row });
  return {
    ...{ scenario: 'policies', name: `CPU time per request of ${variant}`, unit: 'µs', direction: 'at most', hold },
    value: (lookup) => {
      const [plain, withIt] = [cpu(lookup, 'plain route'), cpu(lookup, variant)];
      return plain === undefined || withIt === undefined ? undefined : withIt - plain;
    },
  };
}

function clusterChurnBars(): readonly Bar[] {
  const bar = (name: string, unit: Bar['unit'], hold: number, metric: Metric): Bar => ({
    ...{ scenario: 'cluster-churn', name, unit, direction: 'at most', hold },
    value: own('cluster-churn', metric),
  });
  return [
    { ...bar('endpoint change at the API server to live from outside, p99', 'ms', 50, 'propagationP99Ms'), aim: 5 },
    { ...bar('endpoint change from notice to live in all workers, p99', 'ms', 50, 'reportedP99Ms'), aim: 5 },
    bar('main thread, share of a core', '%', 50, 'mainThreadPercent'),
    bar('growth of the heap of the main thread', 'MB', 5, 'heapGrowthMegabytes'),
    bar('failed requests', '', 0, 'failed'),
  ];
}

const bars: readonly Bar[] = [
  ...againstNginx('small-50', 1),
  {
    scenario: 'small-50',
    name: 'CPU time per request, speed against HAProxy',
    unit: 'x',
    direction: 'at least',
    aim: 1,
    value: cpuSpeed('small-50', 'haproxy'),
  },
  ...againstNginx('body-64k', 1.3),
  ...againstNginx('body-1m', 1.3),
  {
    scenario: 'hosts',
    name: 'more CPU time per request with {hosts} hosts than with 1',
    unit: '%',
    direction: 'at most',
    hold: 5,
    value: manyHostsCost(0),
  },
  {
    scenario: 'hosts',
    name: 'more CPU time per request with {hosts} hosts than with 10',
    unit: '%',
    direction: 'at most',
    hold: 5,
    aim: 2,
    value: manyHostsCost(2),
  },
  policyBar('rate limit', 1),
  policyBar('allow-list of 1,000 CIDRs', 1),
  policyBar('CORS', 1),
  policyBar('cookie affinity', 2),
  policyBar('canary', 0.5),
  policyBar('regex rewrite', 5),
  policyBar('basic auth, cached', 2),
  policyBar('external auth, cached', 2),
  ...churnBars('churn'),
  ...churnBars('churn-full'),
  {
    scenario: 'admission',
    name: 'review by the admission webhook with {hosts} Ingresses, p99',
    unit: 'ms',
    direction: 'at most',
    hold: 20,
    value: own('admission', 'p99Ms'),
  },
  { scenario: 'admission', name: 'wrong answers', unit: '', direction: 'at most', hold: 0, value: own('admission', 'failed') },
  {
    scenario: 'start',
    name: 'start to serving with {hosts} Ingresses',
    unit: 'ms',
    direction: 'at most',
    hold: 5_000,
    aim: 2_000,
    value: own('start', 'startMs', 1),
  },
  {
    scenario: 'start',
    name: 'RSS with 1,000 Ingresses',
    unit: 'MB',
    direction: 'at most',
    hold: 250,
    aim: 150,
    value: own('start', 'residentMegabytes'),
  },
  {
    scenario: 'start',
    name: 'RSS with {hosts} Ingresses',
    unit: 'MB',
    direction: 'at most',
    hold: 400,
    aim: 250,
    value: own('start', 'residentMegabytes', 1),
  },
  {
    scenario: 'cluster-start',
    name: 'start to ready with {hosts} Ingresses, Services and EndpointSlices each',
    unit: 'ms',
    direction: 'at most',
    hold: 6_000,
    value: own('cluster-start', 'startMs'),
  },
  {
    scenario: 'cluster-start',
    name: 'RSS with {hosts} Ingresses, Services and EndpointSlices each',
    unit: 'MB',
    direction: 'at most',
    hold: 400,
    aim: 250,
    value: own('cluster-start', 'residentMegabytes'),
  },
  ...clusterChurnBars(),
];
