// One replica: the process that runs for it now, what is known to be live there, and its memory. A killed replica is started again as a new
// process with a new view; requests that a kill may have hit are told by the life that they began in. A process whose worker died goes on
// with the same view: the one that takes its place must serve nothing older.
import { readdirSync, readFileSync } from 'node:fs';
import type { ClusterRig } from '../feature/cluster-rig.ts';
import { isReady, readMetric } from '../feature/cluster-rig.ts';
import type { Portico } from '../feature/portico.ts';
import { PATIENCE_MS, poll } from '../support/polling.ts';
import { newestOfAll, View } from './history.ts';
import type { History } from './history.ts';

const LEADER = 'nginx_ingress_controller_leader_election_status';
const workerFault = new URL('../support/worker-fault.ts', import.meta.url).href;

export interface Life {
  readonly name: string;
  readonly portico: Portico;
  readonly view: View;
  readonly startMs: number;
  /** Bytes, one sample a second. */
  readonly memory: number[];
  isKilled: boolean;
  /** How often a worker died. */
  workerKills: number;
  /** A worker died, and another does not serve yet. */
  isRecovering: boolean;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly workers: number;
  readonly rig: ClusterRig;
  readonly history: History;
}

export class Replica {
  readonly name: string;
  readonly #rig: ClusterRig;
  readonly #history: History;
  readonly #workers: number;
  readonly lives: Life[] = [];

  constructor({ name, workers, rig, history }: ReplicaOptions) {
    this.name = name;
    this.#workers = workers;
    this.#rig = rig;
    this.#history = history;
    rig.api.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'portico' } },
      spec: { nodeName: 'node-1', containers: [] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }

  /** The life that answers now; undefined between a kill and readiness. */
  get life(): Life | undefined {
    const last = this.lives.at(-1);
    return last?.isKilled === true ? undefined : last;
  }

  /** Starts a process and waits until it is ready: it must have read what is written now. */
  async start(): Promise<void> {
    const view = new View(this.#workers);
    for (const { kind, name, version } of newestOfAll(this.#history)) view.raise(kind, name, version);
    const portico = await this.#rig.start({
      kubeconfig: this.#rig.api.kubeconfig({ name: this.name }),
      env: { POD_NAME: this.name, POD_NAMESPACE: 'default', NODE_OPTIONS: `--import=${workerFault}` },
      workers: this.#workers,
      args: ['--election-ttl=3s', '--enable-metrics', '--publish-status-address=192.0.2.1'],
    });
    this.lives.push({
      name: `${this.name}/${this.lives.length + 1}`,
      portico,
      view,
      startMs: performance.now(),
      memory: [],
      isKilled: false,
      workerKills: 0,
      isRecovering: false,
    });
  }

  /** Kills the process and all that it started, at once. */
  kill(): void {
    const { life } = this;
    if (life === undefined) return;
    life.isKilled = true;
    process.kill(-life.portico.pid, 'SIGKILL');
  }

  /** Lets one of the threads that carry traffic die, and waits until another serves; false where none does. */
  async killWorker(): Promise<boolean> {
    const { life } = this;
    if (life === undefined) return false;
    life.workerKills++;
    life.isRecovering = true;
    process.kill(life.portico.pid, 'SIGUSR2');
    const next = `"worker-${this.#workers - 1 + life.workerKills}"`;
    const isBack = await poll({ timeoutMs: PATIENCE_MS, everyMs: 20 }, async () => {
      const version = await readMetric(life.portico, 'portico_table_version', next).catch(() => 0);
      return version > 0 && (await isReady(life.portico)) ? true : undefined;
    });
    life.isRecovering = false;
    return isBack === true;
  }

  /** Whether all its workers serve the newest version of the model. */
  async isUpToDate(): Promise<boolean> {
    const { life } = this;
    if (life === undefined) return false;
    return (await readMetric(life.portico, 'nginx_ingress_controller_config_last_reload_successful').catch(() => 0)) === 1;
  }

  async isLeader(): Promise<boolean> {
    const { life } = this;
    if (life === undefined) return false;
    return (await readMetric(life.portico, LEADER).catch(() => 0)) === 1;
  }

  sampleMemory(): void {
    const { life } = this;
    if (life !== undefined) life.memory.push(readGroupMemory(life.portico.pid));
  }
}

/** Resident bytes of all processes of a group. */
function readGroupMemory(group: number): number {
  const pageBytes = 4096;
  let pages = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const afterName = readFileSync(`/proc/${entry}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
      // Fields 5 and 24 of proc(5).
      if (Number(afterName[2]) === group) pages += Number(afterName[21]);
    } catch {
      // It ended meanwhile.
    }
  }
  return pages * pageBytes;
}
