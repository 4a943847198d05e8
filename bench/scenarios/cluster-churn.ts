// Two hundred changes of EndpointSlices a second, from an API server, with many hosts loaded. All of them are timed by Portico itself, from its
// notice of a change until every worker has it; a few of them a second also from outside, from the moment when the API server has the change
// until fresh connections reach the other backend. Measured beside: how busy the main thread is, and whether its heap grows.
import {
  readKeptHeapBytes,
  readMetricsPage,
  spawnClusterPortico,
  startBenchCluster,
  sumMetric,
  waitUntilReady,
} from '../cluster/bench-cluster.ts';
import type { BenchCluster, ClusterPortico } from '../cluster/bench-cluster.ts';
import { observeChange } from '../load/change-observer.ts';
import { observeControl } from '../load/control.ts';
import type { Observation } from '../load/change-observer.ts';
import type { Sample } from '../measure/metric.ts';
import { histogramPercentile, histogramSince, parseHistogram } from '../measure/prometheus-histogram.ts';
import { percentile, sum } from '../measure/statistics.ts';
import { hostName, responsePaths } from '../workload.ts';
import { plainSetup, runRounds } from './scenario.ts';
import type { Bench, Scenario } from './scenario.ts';

const changesPerSecond = 200;
/** Every so many changes one is watched from outside; more would make the probes the load. */
const observeEvery = 20;
/** The length of one measurement, in units of `--seconds`: a minute with the default of five. */
const lengthFactor = 12;
const workers = 2;
const propagationHistogram = 'portico_propagation_seconds';

interface ClusterChurn {
  readonly cluster: BenchCluster;
  readonly running: ClusterPortico;
}

export const clusterChurnScenario: Scenario = {
  name: 'cluster-churn',
  title: `${changesPerSecond} endpoint changes a second from an API server, ${workers} workers`,
  columns: [
    ...(['changes', 'propagationP50Ms', 'propagationP99Ms', 'propagationMaxMs', 'controlP50Ms', 'controlP99Ms'] as const),
    ...(['reportedP50Ms', 'reportedP99Ms'] as const),
    ...(['mainThreadPercent', 'heapGrowthMegabytes', 'residentMegabytes', 'failed'] as const),
  ],
  run: (bench) => {
    const hosts = bench.options.manyHosts;
    const setup = { ...plainSetup(bench), hosts, workers };
    const subjects = bench.targets.filter(({ name }) => name === 'portico').map((target) => ({ target, variant: '', setup }));
    return runRounds(bench, subjects, {
      begin: async () => {
        const cluster = await startBenchCluster(bench, hosts);
        const running = await spawnClusterPortico(bench, cluster.kubeconfig, workers);
        await waitUntilReady(running, [0, hosts - 1], 20);
        const churn: ClusterChurn = { cluster, running };
        await changeFor(bench, churn, bench.options.seconds);
        return churn;
      },
      measure: (_, churn) => measureChurn(bench, churn),
      end: async ({ cluster, running }) => {
        await running.process.stop();
        await cluster.close();
      },
    });
  },
};

async function measureChurn(bench: Bench, churn: ClusterChurn): Promise<Sample> {
  const seconds = bench.options.seconds * lengthFactor;
  const keptBefore = await readKeptHeapBytes(churn.running);
  const before = await readMetricsPage(churn.running);
  const startedAt = performance.now();
  const { changes, observations, controls } = await changeFor(bench, churn, seconds);
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  const after = await readMetricsPage(churn.running);
  const keptAfter = await readKeptHeapBytes(churn.running);
  const active = (page: string): number => sumMetric(page, 'portico_event_loop_active_seconds_total', 'thread="controller"');
  const own = parseHistogram(after, propagationHistogram);
  const reported = own === undefined ? undefined : histogramSince(parseHistogram(before, propagationHistogram), own);
  const liveMs = observations.map((observation) => observation.liveMs);
  const controlMs = controls.map((observation) => observation.liveMs);
  const sample: Sample = {
    changes,
    propagationP50Ms: percentile(liveMs, 50),
    propagationP99Ms: percentile(liveMs, 99),
    propagationMaxMs: Math.max(...liveMs),
    controlP50Ms: percentile(controlMs, 50),
    controlP99Ms: percentile(controlMs, 99),
    ...(reported === undefined
      ? {}
      : { reportedP50Ms: histogramPercentile(reported, 50) * 1e3, reportedP99Ms: histogramPercentile(reported, 99) * 1e3 }),
    mainThreadPercent: ((active(after) - active(before)) / elapsedSeconds) * 100,
    heapGrowthMegabytes: (keptAfter - keptBefore) / 1e6,
    residentMegabytes: sumMetric(after, 'process_resident_memory_bytes') / 1e6,
    failed: sum([...observations, ...controls].map(({ failedProbes }) => failedProbes)),
  };
  bench.log(
    `  portico ${changes} changes in ${elapsedSeconds.toFixed(0)} s, live p99 ${sample.propagationP99Ms?.toFixed(1)} ms of ${liveMs.length} ` +
      `(control ${sample.controlP99Ms?.toFixed(1)} ms), ` +
      `own p99 ${sample.reportedP99Ms?.toFixed(1)} ms, main thread ${sample.mainThreadPercent?.toFixed(0)} %, ` +
      `heap ${(sample.heapGrowthMegabytes ?? 0).toFixed(1)} MB more`,
  );
  return sample;
}

interface Churned {
  readonly changes: number;
  readonly observations: readonly Observation[];
  readonly controls: readonly Observation[];
}

async function changeFor({ backends }: Bench, { cluster, running }: ClusterChurn, seconds: number): Promise<Churned> {
  const observations: Observation[] = [];
  const controls: Observation[] = [];
  const total = seconds * changesPerSecond;
  await cluster.change({
    total,
    perSecond: changesPerSecond,
    observeEvery,
    onChanged: async (host, since) => {
      observations.push(await observeChange({ port: running.httpPort, host: hostName(host), path: responsePaths.small, since }));
      // The changes leave the first host alone.
      const control = { port: running.httpPort, host: hostName(0), name: `${host}-${since}` };
      controls.push(await observeControl(backends.controlDirectory, control));
    },
  });
  return { changes: total, observations, controls };
}
