// The worker threads: starts them, publishes versions of the model to them, and knows what each of them has acknowledged. A worker that
// dies is replaced and given the whole model; the others carry the traffic meanwhile.
import { randomBytes, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ModelDelta } from '../model/delta.ts';
import type { Settings } from '../model/settings.ts';
import type { AccessLogBatch } from '../observe/access-log/access-log-batcher.ts';
import { RequestMetricsCollector } from '../observe/request-metrics/request-metrics-collector.ts';
import { SharedConnectionCount } from '../observe/shared-connection-count.ts';
import type { SpanBatch } from '../observe/tracing/span-batcher.ts';
import { type WorkerCounters, WorkerCountersCollector } from '../observe/worker-counters.ts';
import { allocateSharedLimits, forgetWorkerLimits, type SharedLimitMemory } from '../proxy/limits/shared-limits.ts';
import type { ListenProblem } from '../proxy/listener/listening-sockets.ts';
import type { KeyPair } from '../proxy/listener/tls-contexts.ts';
import type { SharedAuthState } from '../proxy/policies/auth-services.ts';
import { NonceCounts } from '../proxy/policies/nonce-counts.ts';
import { SharedAuthCache } from '../proxy/policies/shared-auth-cache.ts';
import type { FromWorker, ListenPlace, ToWorker, WorkerStart } from '../proxy/worker-messages.ts';
import { ModelState } from './model-state.ts';
import { deltaForWorkers } from './worker-delta.ts';

export interface WorkerPoolOptions {
  readonly workers: number;
  readonly listen: ListenPlace;
  readonly settings: Settings;
  readonly fallbackCertificate: KeyPair;
  readonly onAccessLog: (batch: AccessLogBatch, counters: WorkerCounters) => void;
  readonly onSpans: (batch: SpanBatch, counters: WorkerCounters) => void;
  /** Global settings were published. */
  readonly onSettings: (settings: Settings) => void;
  /** Every worker has acknowledged this version. */
  readonly onApplied: (version: number) => void;
  /** The ports cannot be opened on these addresses, but on others they are. */
  readonly onListenProblems: (problems: readonly ListenProblem[]) => void;
  /** A worker that was started again can open its ports on no address; it goes on trying. */
  readonly onListenFailure: (code: string) => void;
  /** A fault ended one connection of a worker. */
  readonly onFault: (error: Error) => void;
  /** A worker died of this. */
  readonly onWorkerError: (error: Error) => void;
}

interface PoolWorker {
  readonly id: number;
  readonly place: number;
  readonly thread: Worker;
  readonly counters: WorkerCounters;
  appliedVersion: number;
  isListening: boolean;
  hasFailedToListen: boolean;
  /** Addresses that it could not open when it was asked last, as they were told. */
  listenProblems: string;
  /** It will be asked again. */
  listensAgain: boolean;
  isDrained: boolean;
}

/** Why the ports could not be opened. */
export class ListenError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A worker that dies at once again and again must not eat the machine. */
const RESTART_DELAY_MS = 250;
const LISTEN_AGAIN_MS = 1000;
/** The same where some addresses could be opened, but not all. */
const REST_AGAIN_MS = 2000;
/** Three times the size of a semi-space: what a worker allocates for requests dies young, and more room only costs memory and cache. */
const YOUNG_GENERATION_MB = 12;

export class WorkerPool {
  readonly counters = new WorkerCountersCollector();
  readonly requests: RequestMetricsCollector;
  readonly connectionCount: SharedConnectionCount;
  readonly #options: WorkerPoolOptions;
  readonly #auth: SharedAuthState = {
    cache: SharedAuthCache.create().buffer,
    nonces: NonceCounts.allocate([randomInt(2 ** 32), randomInt(2 ** 32)]),
    secret: randomBytes(32).toString('hex'),
  };
  readonly #limits: SharedLimitMemory;
  readonly #ticketKeys: Uint8Array = randomBytes(48);
  readonly #workers = new Map<number, PoolWorker>();
  readonly #state = new ModelState();
  readonly #whenChanged: (() => void)[] = [];
  #nextId = 0;
  #version = 0;
  #hasToListen = false;
  /** All workers have opened the ports once. */
  #isOpen = false;
  #isClosing = false;
  #listenError: ListenError | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.connectionCount = new SharedConnectionCount(options.workers);
    this.#limits = allocateSharedLimits(options.workers, () => randomInt(2 ** 32) | 0);
    this.requests = new RequestMetricsCollector(options.settings.metrics, {
      postFree: (id, slots) => this.#post(this.#workers.get(id), { kind: 'free-series', slots }),
    });
    for (let place = 0; place < options.workers; place++) this.#startWorker(place);
  }

  /** The version that was published last. */
  get version(): number {
    return this.#version;
  }

  get model(): ModelState {
    return this.#state;
  }

  /** True while every worker serves a complete table. */
  get isServing(): boolean {
    return (
      this.#version > 0 &&
      this.#workers.size === this.#options.workers &&
      this.#every((worker) => worker.isListening && worker.appliedVersion > 0)
    );
  }

  /** How busy each thread has been since its start. */
  eventLoops(): readonly { readonly thread: string; readonly activeMs: number; readonly idleMs: number }[] {
    const main = performance.eventLoopUtilization();
    const workers = Array.from(this.#workers.values(), ({ id, thread }) => {
      const { active, idle } = thread.performance.eventLoopUtilization();
      return { thread: `worker-${id}`, activeMs: active, idleMs: idle };
    });
    return [{ thread: 'controller', activeMs: main.active, idleMs: main.idle }, ...workers];
  }

  /** Gives a new version of the model to all workers. Returns its number. */
  publish(delta: ModelDelta): number {
    this.#state.apply(delta);
    if (delta.settings !== undefined) this.#options.onSettings(delta.settings);
    const version = ++this.#version;
    const message: ToWorker = { kind: 'delta', version, delta: deltaForWorkers(delta) };
    for (const worker of this.#workers.values()) this.#post(worker, message);
    return version;
  }

  /** Opens the ports in all workers. Rejects with a `ListenError`. */
  async listen(): Promise<void> {
    this.#hasToListen = true;
    for (const worker of this.#workers.values()) this.#post(worker, { kind: 'listen' });
    await this.#until(() => this.#listenError !== undefined || this.#every((worker) => worker.isListening));
    if (this.#listenError !== undefined) throw this.#listenError;
    this.#isOpen = true;
  }

  /** Lets requests under way finish; resolves when no worker has a connection any more, or its time is over. */
  async drain(): Promise<void> {
    this.#isClosing = true;
    for (const worker of this.#workers.values()) this.#post(worker, { kind: 'drain' });
    await this.#until(() => this.#every((worker) => worker.isDrained));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(Array.from(this.#workers.values(), async (worker) => worker.thread.terminate()));
  }

  #startWorker(place: number): void {
    const id = this.#nextId++;
    const { listen, settings, fallbackCertificate } = this.#options;
    const counters = this.counters.addWorker(id);
    const workerData: WorkerStart = {
      place,
      counters: counters.buffer,
      connectionCount: this.connectionCount.buffer,
      listen,
      settings: this.#state.settings ?? settings,
      fallbackCertificate,
      ticketKeys: this.#ticketKeys,
      hostname: hostname(),
      auth: this.#auth,
      limits: this.#limits,
    };
    const isSource = import.meta.url.endsWith('.ts');
    const thread = new Worker(new URL(isSource ? '../proxy/worker.ts' : '../proxy/worker.js', import.meta.url), {
      workerData,
      name: `worker-${id}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const worker: PoolWorker = {
      id,
      place,
      thread,
      counters,
      appliedVersion: 0,
      isListening: false,
      hasFailedToListen: false,
      listenProblems: '',
      listensAgain: false,
      isDrained: false,
    };
    this.#workers.set(id, worker);
    thread.on('message', (message: FromWorker) => this.#onMessage(worker, message));
    thread.on('error', (error) => this.#options.onWorkerError(error instanceof Error ? error : new Error(String(error))));
    thread.on('exit', () => this.#onExit(worker));
    this.#introducePeers();
    if (this.#version > 0) this.#post(worker, { kind: 'delta', version: this.#version, delta: deltaForWorkers(this.#state.asDelta()) });
    if (this.#hasToListen) this.#post(worker, { kind: 'listen' });
  }

  #onMessage(worker: PoolWorker, message: FromWorker): void {
    switch (message.kind) {
      case 'applied':
        worker.appliedVersion = message.version;
        if (this.#every((other) => other.appliedVersion >= message.version)) this.#options.onApplied(message.version);
        break;
      case 'listening':
        worker.isListening = true;
        this.#onListenProblems(worker, message.problems);
        break;
      case 'listen-failed':
        this.#onListenFailed(worker, message);
        break;
      case 'access-log':
        this.#options.onAccessLog(message, worker.counters);
        return;
      case 'spans':
        this.#options.onSpans(message, worker.counters);
        return;
      case 'fault':
        this.#options.onFault(message.error);
        return;
      case 'drained':
        worker.isDrained = true;
        break;
      case 'request-metrics-segment':
      case 'request-metrics-series':
        this.requests.receive(worker.id, message);
        return;
    }
    this.#wake();
  }

  /** At the start that ends the program. Later the other workers carry the traffic, readiness fails, and this one tries until it succeeds. */
  #onListenFailed(worker: PoolWorker, { code, message }: Extract<FromWorker, { kind: 'listen-failed' }>): void {
    if (!this.#isOpen) {
      this.#listenError ??= new ListenError(code, message);
      return;
    }
    if (!worker.hasFailedToListen) this.#options.onListenFailure(code);
    worker.hasFailedToListen = true;
    setTimeout(() => this.#isClosing || this.#post(this.#workers.get(worker.id), { kind: 'listen' }), LISTEN_AGAIN_MS).unref();
  }

  /** What cannot be opened now may be later: another program ends, an address comes. It is told where it is news. */
  #onListenProblems(worker: PoolWorker, problems: readonly ListenProblem[]): void {
    const told = JSON.stringify(problems);
    if (worker.place === 0 && problems.length > 0 && told !== worker.listenProblems) this.#options.onListenProblems(problems);
    worker.listenProblems = told;
    if (problems.length === 0 || worker.listensAgain) return;
    worker.listensAgain = true;
    setTimeout(() => {
      worker.listensAgain = false;
      if (!this.#isClosing) this.#post(this.#workers.get(worker.id), { kind: 'listen' });
    }, REST_AGAIN_MS).unref();
  }

  #onExit(worker: PoolWorker): void {
    this.#workers.delete(worker.id);
    this.counters.removeWorker(worker.id);
    this.requests.removeWorker(worker.id);
    this.connectionCount.forgetWorker(worker.place);
    forgetWorkerLimits(this.#limits, worker.place);
    this.#introducePeers();
    this.#wake();
    if (!this.#isClosing) setTimeout(() => this.#isClosing || this.#startWorker(worker.place), RESTART_DELAY_MS);
  }

  /** Each worker can tell the numbers of all. */
  #introducePeers(): void {
    const counters = this.counters.buffers();
    for (const worker of this.#workers.values()) this.#post(worker, { kind: 'peers', counters });
  }

  #post(worker: PoolWorker | undefined, message: ToWorker): void {
    worker?.thread.postMessage(message);
  }

  #every(test: (worker: PoolWorker) => boolean): boolean {
    for (const worker of this.#workers.values()) if (!test(worker)) return false;
    return true;
  }

  /** Resolves once `isDone` holds; looked at whenever a worker says something. */
  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#whenChanged.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#whenChanged.splice(0)) resolve();
  }
}
