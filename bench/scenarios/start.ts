// From the start of the process to the first answer through the last of many hosts, and the memory after it came to rest. Two workers.
import { setTimeout as delay } from 'node:timers/promises';
import type { Sample } from '../measure/metric.ts';
import { readMemory } from '../measure/process-stats.ts';
import { busyHosts, hostName } from '../workload.ts';
import { plainSetup, prepareSubject, runRounds } from './scenario.ts';
import type { Bench, Scenario, Subject } from './scenario.ts';
import { waitUntilServing } from './serving.ts';

const settleMs = 3_000;
const pollMs = 4;

/** Hosts of the smaller variant. */
export const fewerHosts = 1_000;

export const startScenario: Scenario = {
  name: 'start',
  title: 'Start to first 200, and memory, 2 workers',
  columns: ['startMs', 'residentMegabytes', 'proportionalMegabytes'],
  run: (bench) => {
    const counts = [...new Set([Math.min(fewerHosts, bench.options.manyHosts), bench.options.manyHosts])];
    const subjects = bench.targets
      .filter(({ name }) => name !== 'caddy')
      .flatMap((target) =>
        counts.map((hosts) => ({
          target,
          variant: `${hosts.toLocaleString('en')} hosts`,
          setup: { ...plainSetup(bench), hosts, workers: 2 },
        })),
      );
    return runRounds(bench, subjects, {
      begin: (subject) => prepareSubject(bench, subject),
      measure: async (subject, prepared) => {
        const startedAt = performance.now();
        const running = prepared.start();
        try {
          return await measureStart(bench, subject, { running, startedAt });
        } finally {
          await running.process.stop();
        }
      },
      end: () => Promise.resolve(),
    });
  },
};

interface Started {
  readonly running: ReturnType<Awaited<ReturnType<typeof prepareSubject>>['start']>;
  readonly startedAt: number;
}

async function measureStart(bench: Bench, { target, setup, variant }: Subject, { running, startedAt }: Started): Promise<Sample> {
  await waitUntilServing(running, [hostName(setup.hosts - 1), ...busyHosts(setup.hosts)], { pollMs });
  const startMs = performance.now() - startedAt;
  await delay(settleMs);
  const { residentBytes, proportionalBytes } = readMemory(running.process.pid);
  bench.log(`  ${target.name} ${variant}: ${startMs.toFixed(0)} ms, RSS ${(residentBytes / 1e6).toFixed(0)} MB`);
  return { startMs, residentMegabytes: residentBytes / 1e6, proportionalMegabytes: proportionalBytes / 1e6 };
}
