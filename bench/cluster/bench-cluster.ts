// A stand-in API server with many objects, and Portico that reads from it over HTTPS. The stand-in is a thread of the harness, on the core of the
// load, so its time is not Portico's.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { probe } from '../load/probe.ts';
import type { ManagedProcess } from '../processes.ts';
import type { Bench } from '../scenarios/scenario.ts';
import { waitFor } from '../wait.ts';
import { hostName, responsePaths, smallBody } from '../workload.ts';
import type { ApiServerStart, FromApiServer, ToApiServer } from './api-server-thread.ts';

const launcher = fileURLToPath(new URL('../../bin/portico', import.meta.url));
const readyTimeoutMs = 120_000;
/** From the signal to the end of the collection. */
const collectMs = 1_000;

export interface ClusterPortico {
  readonly process: ManagedProcess;
  readonly httpPort: number;
  readonly metricsPort: number;
}

export interface BenchCluster {
  readonly kubeconfig: string;
  /** Makes changes at a rate; `onChanged` watches some of them and answers when each is decided. Resolves when all are made and decided. */
  change(plan: ChangePlan): Promise<void>;
  close(): Promise<void>;
}

export interface ChangePlan {
  readonly total: number;
  readonly perSecond: number;
  readonly observeEvery: number;
  /** The host goes to the marker backend; `since` is a time of `performance.now()`. */
  readonly onChanged: (host: number, since: number) => Promise<void>;
}

/** A stand-in whose objects route every host to the main backend. */
export async function startBenchCluster({ backends }: Bench, hosts: number): Promise<BenchCluster> {
  const workerData: ApiServerStart = { hosts, mainPort: backends.mainPort, markerPort: backends.markerPort };
  const thread = new Worker(new URL('./api-server-thread.ts', import.meta.url), { workerData });
  let onMessage: (message: FromApiServer) => void = () => undefined;
  thread.on('message', (message: FromApiServer) => onMessage(message));
  const failed = new Promise<never>((_, reject) => thread.once('error', reject));
  const until = <K extends FromApiServer['kind']>(
    kind: K,
    onOther: (message: FromApiServer) => void = () => undefined,
  ): Promise<Extract<FromApiServer, { kind: K }>> => {
    const found = new Promise<Extract<FromApiServer, { kind: K }>>((resolve) => {
      onMessage = (message) => (isOfKind(message, kind) ? resolve(message) : onOther(message));
    });
    return Promise.race([found, failed]);
  };
  const post = (message: ToApiServer): void => thread.postMessage(message);
  const { kubeconfig } = await until('started');
  return {
    kubeconfig,
    async change({ onChanged, ...plan }) {
      const watched: Promise<void>[] = [];
      post({ kind: 'change', ...plan });
      await until('done', (message) => {
        if (message.kind !== 'changed') return;
        const { host, atMs } = message;
        watched.push(onChanged(host, atMs - performance.timeOrigin).finally(() => post({ kind: 'decided', host })));
      });
      await Promise.all(watched);
    },
    async close() {
      post({ kind: 'close' });
      await until('closed');
      await thread.terminate();
    },
  };
}

function isOfKind<K extends FromApiServer['kind']>(message: FromApiServer, kind: K): message is Extract<FromApiServer, { kind: K }> {
  return message.kind === kind;
}

/** Spawns the process and returns at once. */
export async function spawnClusterPortico(bench: Bench, kubeconfig: string, workers: number): Promise<ClusterPortico> {
  const directory = mkdtempSync(join(bench.directory, 'portico-cluster-'));
  const httpPort = await bench.ports.next();
  const httpsPort = await bench.ports.next();
  const metricsPort = await bench.ports.next();
  const process = bench.processes.start({
    command: launcher,
    args: [
      ...['serve', '--kubeconfig', kubeconfig, '--bind', '127.0.0.1', '--workers', String(workers), '--enable-metrics'],
      ...['--http-port', String(httpPort), '--https-port', String(httpsPort), '--healthz-port', String(metricsPort)],
    ],
    cores: bench.cores.proxy(workers),
    stdoutPath: join(directory, 'stdout'),
    stderrPath: join(directory, 'stderr'),
    env: { NODE_OPTIONS: `--import ${new URL('./collect-garbage.ts', import.meta.url).href}` },
  });
  return { process, httpPort, metricsPort };
}

/** Waits until Portico says that it is ready; then every one of these hosts must answer at once. Throws if one does not. */
export async function waitUntilReady(
  { process, metricsPort, httpPort }: ClusterPortico,
  hosts: readonly number[],
  pollMs: number,
): Promise<void> {
  const isReady = async (): Promise<boolean> => (await probe({ port: metricsPort, host: 'localhost', path: '/readyz' })).status === 200;
  await waitFor({ what: 'portico', timeoutMs: readyTimeoutMs, pollMs, process, check: isReady });
  for (const index of hosts) {
    const { status, body } = await probe({ port: httpPort, host: hostName(index), path: responsePaths.small });
    if (status !== 200 || body !== smallBody)
      throw new Error(`${hostName(index)} answers ${status} although portico says that it is ready`);
  }
}

/** Bytes that the main thread keeps on its heap, garbage not counted. */
export async function readKeptHeapBytes(running: ClusterPortico): Promise<number> {
  process.kill(running.process.pid, 'SIGUSR2');
  await delay(collectMs);
  return sumMetric(await readMetricsPage(running), 'nodejs_heap_size_used_bytes');
}

/** Sum of all series of a metric on Portico's page whose labels hold the text. */
export function sumMetric(page: string, name: string, label = ''): number {
  return page
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(label))
    .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

export async function readMetricsPage({ metricsPort }: ClusterPortico): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  return response.text();
}
