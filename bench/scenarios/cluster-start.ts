// From the start of the process to readiness with the objects of an API server: as many Ingresses as there are hosts, and as many Services and
// EndpointSlices, listed over HTTPS. Two workers.
import { setTimeout as delay } from 'node:timers/promises';
import { spawnClusterPortico, startBenchCluster, waitUntilReady } from '../cluster/bench-cluster.ts';
import { readMemory } from '../measure/process-stats.ts';
import { plainSetup, runRounds } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const settleMs = 3_000;
const pollMs = 4;

export const clusterStartScenario: Scenario = {
  name: 'cluster-start',
  title: 'Start to ready with the objects of an API server, and memory, 2 workers',
  columns: ['startMs', 'residentMegabytes', 'proportionalMegabytes'],
  run: (bench) => {
    const hosts = bench.options.manyHosts;
    const subjects = bench.targets
      .filter(({ name }) => name === 'portico')
      .map((target) => ({ target, variant: `${hosts.toLocaleString('en')} of each`, setup: { ...plainSetup(bench), hosts, workers: 2 } }));
    return runRounds(bench, subjects, {
      begin: () => startBenchCluster(bench, hosts),
      measure: async ({ setup }, { kubeconfig }) => {
        const startedAt = performance.now();
        const running = await spawnClusterPortico(bench, kubeconfig, setup.workers);
        try {
          await waitUntilReady(running, [0, Math.floor(hosts / 2), hosts - 1], pollMs);
          const startMs = performance.now() - startedAt;
          await delay(settleMs);
          const { residentBytes, proportionalBytes } = readMemory(running.process.pid);
          bench.log(`  portico ${startMs.toFixed(0)} ms, RSS ${(residentBytes / 1e6).toFixed(0)} MB`);
          return { startMs, residentMegabytes: residentBytes / 1e6, proportionalMegabytes: proportionalBytes / 1e6 };
        } finally {
          await running.process.stop();
        }
      },
      end: (cluster) => cluster.close(),
    });
  },
};
