// Writes events (events.k8s.io/v1): by the leader, one at a time, as fast as the rates allow. What happens again while it waits is counted; what
// happens again later becomes the series of the event that is there already, for as long as that is kept. Invariants: at most MAX_PENDING
// events wait, and where there is no room a warning takes the place of something that is none; one object cannot use up the rate of all.
//
// A replica that does not lead lets its events wait for `patienceMs`, about the time that an election takes, so that what happens between
// two leaders is told by the second one; then they are dropped, since the leader has told the same.
import { hostname } from 'node:os';
import { LruMap } from '../../kit/lru.ts';
import { TokenBucket } from '../../kit/token-bucket.ts';
import type { TokenRate } from '../../kit/token-bucket.ts';
import type { ApiClient } from '../../sources/cluster/api-client.ts';
import type { ApiError } from '../../sources/cluster/api-error.ts';
import { formatApiError, isAborted } from '../../sources/cluster/api-error.ts';
import { apiResources } from '../../sources/cluster/api-resource.ts';
import { Backoff } from '../../sources/cluster/backoff.ts';
import { pause } from '../../sources/cluster/pause.ts';
import { microTime } from '../leader-election.ts';
import type { Leadership } from '../leader-election.ts';
import { REPORTING_CONTROLLER } from './object-event.ts';
import type { ObjectEvent } from './object-event.ts';

const MAX_PENDING = 2_000;
const MAX_KNOWN = 4_000;
/** Events live for an hour in a cluster that is set up as usual, counted from their last change. */
const SERIES_MS = 55 * 60_000;
/** Of all objects together. */
const RATE: TokenRate = { burst: 100, perSecond: 20 };
/** Of each object; client-go has the same burst, and one event in five minutes. */
const OBJECT_RATE: TokenRate = { burst: 25, perSecond: 1 / 60 };
/** A leader that cannot write gives an event up after this time. */
const LONGEST_WAIT_MS = 5 * 60_000;
/** Between two looks of a replica that does not lead. */
const LOOK_MS = 1_000;

export interface EventRecorderDeps {
  readonly client: ApiClient;
  readonly leadership: Leadership;
  /** `reportingInstance`: the name of the pod. */
  readonly instance: string;
  readonly patienceMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly counts: EventCounts;
  /** What stands in the way, once until it changes. */
  readonly onProblem: (message: string) => void;
}

export interface EventCounts {
  written: number;
  failed: number;
  /** By a rate or by the length of the queue. */
  dropped: number;
}

interface Pending {
  readonly event: ObjectEvent;
  count: number;
  sinceMs: number;
  lastDate: Date;
}

/** An event that stands in the API server. */
interface Known {
  readonly name: string;
  count: number;
  lastMs: number;
}

export class EventRecorder {
  readonly #deps: EventRecorderDeps;
  readonly #instance: string;
  readonly #pending = new Map<string, Pending>();
  readonly #known = new LruMap<string, Known>(MAX_KNOWN);
  readonly #buckets = new LruMap<string, TokenBucket>(MAX_KNOWN);
  readonly #bucket = new TokenBucket(RATE);
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;
  #isEnding = false;
  #serial = 0;
  #lastProblem = '';

  constructor(deps: EventRecorderDeps) {
    this.#deps = deps;
    this.#instance = (deps.instance || hostname()).slice(0, 128);
    this.#backoff = new Backoff({ firstMs: 1_000, limitMs: 30_000 }, deps.random);
  }

  /** Takes an event into the queue; never waits. */
  record(event: ObjectEvent): void {
    const key = keyOf(event);
    const nowMs = this.#deps.nowMs();
    const waiting = this.#pending.get(key);
    if (waiting !== undefined) {
      waiting.count++;
      waiting.sinceMs = nowMs;
      waiting.lastDate = new Date();
      return;
    }
    if (!this.#bucketOf(event).take(nowMs) || !this.#hasRoomFor(event)) {
      this.#deps.counts.dropped++;
      return;
    }
    this.#pending.set(key, { event, count: 1, sinceMs: nowMs, lastDate: new Date() });
    this.#wake.resolve();
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Writes what waits, until the signal is aborted. */
  async close(signal: AbortSignal): Promise<void> {
    this.#isEnding = true;
    this.#wake.resolve();
    const end = (): void => this.#stop.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await this.#loop;
    signal.removeEventListener('abort', end);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { leadership, nowMs } = this.#deps;
    while (!signal.aborted) {
      const [first] = this.#pending;
      if (first === undefined) {
        if (this.#isEnding) return;
        await this.#nextEvent();
        continue;
      }
      const { term } = leadership;
      this.#forgetOld(term === undefined ? this.#deps.patienceMs : LONGEST_WAIT_MS);
      if (term === undefined) {
        if (this.#isEnding) return;
        await pause(LOOK_MS, signal);
        continue;
      }
      const waitMs = this.#bucket.waitMs(nowMs());
      if (waitMs > 0) await pause(waitMs, signal);
      else await this.#writeFirst(AbortSignal.any([term, signal]));
    }
  }

  async #nextEvent(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers();
    if (this.#pending.size > 0 || this.#isEnding) this.#wake.resolve();
  }

  async #writeFirst(signal: AbortSignal): Promise<void> {
    const [first] = this.#pending;
    if (first === undefined) return;
    const [key, pending] = first;
    const { nowMs, counts } = this.#deps;
    this.#bucket.take(nowMs());
    // What happens from now on is the next event.
    this.#pending.delete(key);
    const error = await this.#write(key, pending, signal);
    if (error === undefined) {
      counts.written++;
      this.#backoff.reset();
      this.#lastProblem = '';
      return;
    }
    if (isAborted(error) || isPassing(error)) this.#putBack(key, pending);
    if (isAborted(error)) return;
    counts.failed++;
    const problem = `an event about ${pending.event.regarding.kind} ${pending.event.regarding.namespace}/${pending.event.regarding.name} cannot be written: ${formatApiError(error)}`;
    const summary = `${error.status} ${error.reason}`;
    if (summary !== this.#lastProblem) this.#deps.onProblem(problem);
    this.#lastProblem = summary;
    if (isPassing(error)) await pause(this.#backoff.nextMs(error.retryAfterSeconds), signal);
  }

  /** The series of the event that is there, or a new event. */
  async #write(key: string, pending: Pending, signal: AbortSignal): Promise<ApiError | undefined> {
    const { client, nowMs } = this.#deps;
    const { regarding } = pending.event;
    const known = this.#known.get(key);
    if (known !== undefined && nowMs() - known.lastMs < SERIES_MS) {
      const path = { resource: apiResources.Event, namespace: regarding.namespace, name: known.name };
      const series = { count: known.count + pending.count, lastObservedTime: microTime(pending.lastDate) };
      const patched = await client.patch(path, { kind: 'merge', object: { series } }, signal);
      if (patched.ok) {
        known.count = series.count;
        known.lastMs = nowMs();
        return undefined;
      }
      if (patched.error.status !== 404) return patched.error;
    }
    const name = this.#nameOf(pending);
    const collection = { resource: apiResources.Event, namespace: regarding.namespace };
    const created = await client.create(collection, this.#toObject(name, pending), signal);
    if (!created.ok) return created.error;
    this.#known.set(key, { name, count: pending.count, lastMs: nowMs() });
    return undefined;
  }

  /** As client-go: the name of the object and a number that differs. No label of a name ends with a hyphen, also where it is cut. */
  #nameOf({ event, lastDate }: Pending): string {
    const number = BigInt(lastDate.getTime()) * 1_000_000n + BigInt(this.#serial++ % 1_000_000);
    return `${event.regarding.name.slice(0, 230).replace(/[-.]+$/, '')}.${number.toString(16)}`;
  }

  #toObject(name: string, { event, count, lastDate }: Pending): unknown {
    const { regarding, type, reason, action, note } = event;
    const time = microTime(lastDate);
    return {
      apiVersion: apiResources.Event.apiVersion,
      kind: apiResources.Event.kind,
      metadata: { name, namespace: regarding.namespace },
      eventTime: time,
      ...(count > 1 && { series: { count, lastObservedTime: time } }),
      reportingController: REPORTING_CONTROLLER,
      reportingInstance: this.#instance,
      action,
      reason,
      regarding,
      note,
      type,
    };
  }

  /** In front of the others, unless the same happened meanwhile. */
  #putBack(key: string, pending: Pending): void {
    const newer = this.#pending.get(key);
    if (newer !== undefined) {
      newer.count += pending.count;
      return;
    }
    const others = [...this.#pending];
    this.#pending.clear();
    this.#pending.set(key, pending);
    for (const [other, waiting] of others) this.#pending.set(other, waiting);
  }

  #forgetOld(longestMs: number): void {
    const beforeMs = this.#deps.nowMs() - longestMs;
    for (const [key, { sinceMs }] of this.#pending) if (sinceMs < beforeMs) this.#pending.delete(key);
  }

  #hasRoomFor(event: ObjectEvent): boolean {
    if (this.#pending.size < MAX_PENDING) return true;
    if (event.type === 'Normal') return false;
    for (const [key, waiting] of this.#pending) {
      if (waiting.event.type === 'Warning') continue;
      this.#pending.delete(key);
      this.#deps.counts.dropped++;
      return true;
    }
    return false;
  }

  #bucketOf({ regarding }: ObjectEvent): TokenBucket {
    const key = `${regarding.kind}\0${regarding.namespace}\0${regarding.name}`;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(OBJECT_RATE);
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

function keyOf({ regarding, type, reason, note }: ObjectEvent): string {
  return [regarding.kind, regarding.namespace, regarding.name, regarding.uid, type, reason, note].join('\0');
}

/** The server may take the same event later. */
function isPassing({ status }: ApiError): boolean {
  return status === 0 || status === 401 || status === 429 || status >= 500;
}
