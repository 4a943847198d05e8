// Memory for each idle client connection: every connection has made one request and is then kept open without a word. Only memory of the
// processes counts; what the kernel keeps for a socket is the same for every target.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fileDescriptorLimit } from '../machine.ts';
import type { Sample } from '../measure/metric.ts';
import { readMemory } from '../measure/process-stats.ts';
import { waitFor } from '../wait.ts';
import { busyHosts, hostName } from '../workload.ts';
import { plainSetup, runRounds } from './scenario.ts';
import type { Bench, Scenario, Subject } from './scenario.ts';
import { startServing } from './serving.ts';

const wantedConnections = 10_000;
const settleMs = 2_000;
const connector = fileURLToPath(new URL('../load/idle-connections.ts', import.meta.url));

export const idleScenario: Scenario = {
  name: 'idle',
  title: 'Memory for each of 10,000 idle connections',
  columns: ['connections', 'bytesPerConnection', 'residentMegabytes', 'proportionalMegabytes', 'failed'],
  run: (bench) => {
    const subjects = bench.targets.map((target) => ({ target, variant: '', setup: plainSetup(bench) }));
    return runRounds(bench, subjects, {
      begin: () => Promise.resolve(undefined),
      measure: (subject) => measureIdle(bench, subject),
      end: () => Promise.resolve(),
    });
  },
};

/** A fresh process each time: memory that was once used is rarely given back. */
async function measureIdle(bench: Bench, subject: Subject): Promise<Sample> {
  const running = await startServing(bench, subject, busyHosts(1));
  const count = Math.min(wantedConnections, fileDescriptorLimit() - 1_000);
  const outputPath = join(bench.directory, 'idle.out');
  try {
    await delay(settleMs);
    const before = readMemory(running.process.pid);
    const client = bench.processes.start({
      command: process.execPath,
      args: [connector, String(running.httpPort), hostName(0), String(count)],
      cores: bench.cores.load,
      stdoutPath: outputPath,
      stderrPath: join(bench.directory, 'idle.err'),
    });
    const readCounts = (): readonly number[] | undefined =>
      /^open (\d+) failed (\d+)$/m.exec(readFileSync(outputPath, 'utf8'))?.slice(1).map(Number);
    try {
      const check = (): Promise<boolean> => Promise.resolve(readCounts() !== undefined);
      await waitFor({ what: 'the connections', timeoutMs: 60_000, pollMs: 50, process: client, check });
      await delay(settleMs);
      const [open = 0, failed = 0] = readCounts() ?? [];
      const after = readMemory(running.process.pid);
      const bytesPerConnection = (after.residentBytes - before.residentBytes) / open;
      bench.log(`  ${subject.target.name} ${open} connections, ${bytesPerConnection.toFixed(0)} bytes each`);
      return {
        connections: open,
        bytesPerConnection,
        residentMegabytes: after.residentBytes / 1e6,
        proportionalMegabytes: after.proportionalBytes / 1e6,
        failed,
      };
    } finally {
      await client.stop();
    }
  } finally {
    await running.process.stop();
  }
}
