// The fixed counters of a worker: one double each in a shared buffer, written by the worker with plain adds and summed by the main
// thread at a scrape. Each cell has one writer. The numbers of cells are positions in memory only; names stand in metric-names.ts.
import type { ErrorCode } from '../model/error-codes.ts';
import { errorCodeList } from '../model/error-codes.ts';
import type { Labels } from './exposition.ts';
import type { MetricId } from './metric-names.ts';

/** Cells of the buffer. `…Now` are gauges: the worker adds 1 and -1. */
export const workerCounter = {
  /** Open client connections. */
  connectionsNow: 0,
  /** Client connections that are reading a request head. */
  readingNow: 1,
  /** Client connections with a request under way. */
  writingNow: 2,
  /** Idle client connections between two requests. */
  waitingNow: 3,
  connectionsAccepted: 4,
  /** Accepted and not refused because of a limit. */
  connectionsHandled: 5,
  requests: 6,
  upstreamConnectionsNow: 7,
  upstreamIdleNow: 8,
  /** Attempts, whatever came of them. */
  upstreamConnects: 9,
  upstreamConnectFailures: 10,
  upstreamRetries: 11,
  /** That succeeded. */
  tlsHandshakes: 12,
  tlsHandshakeFailures: 13,
  /** Lines of the access log dropped by the worker. */
  logLinesDropped: 14,
  seriesOverflow: 15,
  /** Version of the table that the worker serves; set, not added to. */
  tableVersion: 16,
  /** Characters of access log that the worker sent. */
  logSent: 17,
  /** Characters of access log that the main thread has taken: a cell that the main thread writes. */
  logTaken: 18,
  /** Spans that the worker sent, and those that the main thread has taken, which it writes itself. */
  spansSent: 28,
  spansTaken: 29,
  /** Spans dropped by the worker. */
  spansDropped: 30,
  /** Bytes of bodies that are kept in memory and in temporary files. */
  bufferedMemoryNow: 24,
  bufferedFileNow: 25,
  /** Request bodies that were passed on as they came, for want of room or because a file could not be written. */
  unbufferedForRoom: 26,
  unbufferedForFile: 27,
  /** Requests that were served although their authentication service said nothing. */
  servedWithoutAuth: 28,
} as const;

export type WorkerCounter = (typeof workerCounter)[keyof typeof workerCounter];

const FIRST_REJECTED = 32;

/** How cells are shown. Cells that are not here are shown in another way or not at all. */
export const workerCounterRows: readonly { readonly counter: WorkerCounter; readonly metric: MetricId; readonly labels: Labels }[] = [
  { counter: workerCounter.connectionsNow, metric: 'connections', labels: { state: 'active' } },
  { counter: workerCounter.readingNow, metric: 'connections', labels: { state: 'reading' } },
  { counter: workerCounter.writingNow, metric: 'connections', labels: { state: 'writing' } },
  { counter: workerCounter.waitingNow, metric: 'connections', labels: { state: 'waiting' } },
  { counter: workerCounter.connectionsAccepted, metric: 'connectionsTotal', labels: { state: 'accepted' } },
  { counter: workerCounter.connectionsHandled, metric: 'connectionsTotal', labels: { state: 'handled' } },
  { counter: workerCounter.requests, metric: 'requestsTotal', labels: {} },
  { counter: workerCounter.upstreamConnectionsNow, metric: 'upstreamConnections', labels: { state: 'open' } },
  { counter: workerCounter.upstreamIdleNow, metric: 'upstreamConnections', labels: { state: 'idle' } },
  { counter: workerCounter.upstreamConnects, metric: 'upstreamConnects', labels: {} },
  { counter: workerCounter.upstreamConnectFailures, metric: 'upstreamConnectFailures', labels: {} },
  { counter: workerCounter.upstreamRetries, metric: 'upstreamRetries', labels: {} },
  { counter: workerCounter.tlsHandshakes, metric: 'tlsHandshakes', labels: { result: 'ok' } },
  { counter: workerCounter.tlsHandshakeFailures, metric: 'tlsHandshakes', labels: { result: 'failed' } },
  { counter: workerCounter.bufferedMemoryNow, metric: 'bufferedBytes', labels: { place: 'memory' } },
  { counter: workerCounter.bufferedFileNow, metric: 'bufferedBytes', labels: { place: 'file' } },
  { counter: workerCounter.unbufferedForRoom, metric: 'unbufferedRequests', labels: { reason: 'no-room' } },
  { counter: workerCounter.unbufferedForFile, metric: 'unbufferedRequests', labels: { reason: 'file-error' } },
  { counter: workerCounter.servedWithoutAuth, metric: 'servedWithoutAuth', labels: {} },
  { counter: workerCounter.seriesOverflow, metric: 'seriesOverflow', labels: {} },
];

/** Cells whose numbers end with their worker; all others only grow and outlive it. */
const gauges: ReadonlySet<number> = new Set([
  workerCounter.connectionsNow,
  workerCounter.readingNow,
  workerCounter.writingNow,
  workerCounter.waitingNow,
  workerCounter.upstreamConnectionsNow,
  workerCounter.upstreamIdleNow,
  workerCounter.bufferedMemoryNow,
  workerCounter.bufferedFileNow,
  workerCounter.tableVersion,
]);

/** Over one buffer: made by the main thread, handed to the worker, used by both. */
export class WorkerCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #values: Float64Array;
  readonly #rejected = new Map<ErrorCode, number>(errorCodeList.map((code, index) => [code, FIRST_REJECTED + index]));

  /** Without a buffer: makes one. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer((FIRST_REJECTED + errorCodeList.length) * Float64Array.BYTES_PER_ELEMENT);
    this.#values = new Float64Array(this.buffer);
  }

  add(counter: WorkerCounter, amount: number): void {
    this.#values[counter] = (this.#values[counter] ?? 0) + amount;
  }

  set(counter: WorkerCounter, value: number): void {
    this.#values[counter] = value;
  }

  get(counter: WorkerCounter): number {
    return this.#values[counter] ?? 0;
  }

  /** Counts a request that is answered with an error of Portico's own. */
  reject(code: ErrorCode): void {
    const cell = this.#rejected.get(code) ?? FIRST_REJECTED;
    this.#values[cell] = (this.#values[cell] ?? 0) + 1;
  }

  getRejected(code: ErrorCode): number {
    return this.#values[this.#rejected.get(code) ?? FIRST_REJECTED] ?? 0;
  }

  /** Adds the cells that only grow to `target`, which is as long as the buffer. */
  addLastingTo(target: WorkerCounters): void {
    for (let cell = 0; cell < this.#values.length; cell++) {
      if (gauges.has(cell)) continue;
      target.#values[cell] = (target.#values[cell] ?? 0) + (this.#values[cell] ?? 0);
    }
  }
}

/** Main side: the counters of all workers, with those of ended workers kept where they only grow. */
export class WorkerCountersCollector {
  readonly #workers = new Map<number, WorkerCounters>();
  readonly #ended = new WorkerCounters();

  /** Makes the counters of a worker; `buffer` of the answer goes to it. */
  addWorker(worker: number): WorkerCounters {
    const counters = new WorkerCounters();
    this.#workers.set(worker, counters);
    return counters;
  }

  /** Keeps what only grows, so that counters never go backwards. */
  removeWorker(worker: number): void {
    this.#workers.get(worker)?.addLastingTo(this.#ended);
    this.#workers.delete(worker);
  }

  workers(): IterableIterator<readonly [number, WorkerCounters]> {
    return this.#workers.entries();
  }

  /** Of all workers, living and ended. */
  buffers(): readonly SharedArrayBuffer[] {
    return [this.#ended, ...this.#workers.values()].map(({ buffer }) => buffer);
  }

  sum(counter: WorkerCounter): number {
    let total = this.#ended.get(counter);
    for (const counters of this.#workers.values()) total += counters.get(counter);
    return total;
  }

  sumRejected(code: ErrorCode): number {
    let total = this.#ended.getRejected(code);
    for (const counters of this.#workers.values()) total += counters.getRejected(code);
    return total;
  }
}
