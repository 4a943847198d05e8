// Which replica writes: the holder of one Lease (coordination.k8s.io/v1), as client-go's leader election, whose Leases it understands.
// Invariants:
// - A Lease is only ever written with the resourceVersion that was read, so that of two who try, one gets 409.
// - Time is the monotonic clock of this process. The times in the object are for people: somebody else's Lease has run out when it was seen
//   unchanged for as long as it says it is valid; clocks that differ between nodes do not matter.
// - A term ends before anybody else may begin one: RENEW_SHARE of the validity after the *sending* of the last renewal that succeeded. The
//   end is both a timer and a look at the clock, since a process that was stopped wakes up with all its timers due and in any order.
import { pause } from '../sources/cluster/pause.ts';
import type { ApiClient, ApiResult } from '../sources/cluster/api-client.ts';
import type { ApiError } from '../sources/cluster/api-error.ts';
import { isAborted, localError } from '../sources/cluster/api-error.ts';
import type { ObjectPath } from '../sources/cluster/api-resource.ts';
import { apiResources } from '../sources/cluster/api-resource.ts';
import { isMap } from '../resources/fields.ts';

/** Part of the validity after which a leader that could not renew stops; the rest is for requests on their way and clocks that run unevenly. */
const RENEW_SHARE = 2 / 3;
/** Part of the validity between two renewals or two looks. */
const RETRY_SHARE = 1 / 4;
const LONGEST_VALIDITY_SECONDS = 3600;

/** What writers ask before each write. */
export interface Leadership {
  readonly isLeader: boolean;
  /** Aborted when the term ends; undefined for a replica that does not lead. To be asked for anew before each request. */
  readonly term: AbortSignal | undefined;
}

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Differs between replicas. */
  readonly identity: string;
  /** At least a second. */
  readonly ttlMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly onChange: (isLeader: boolean) => void;
  /** An attempt failed in another way than somebody else being faster; each kind of failure once until an attempt succeeds. */
  readonly onError: (error: ApiError) => void;
}

/** A Lease as it was seen last. */
interface SeenLease {
  readonly object: Readonly<Record<string, unknown>>;
  readonly resourceVersion: string;
  readonly holder: string;
  readonly validityMs: number;
  readonly transitions: number;
  readonly acquireTime: unknown;
  /** When this version was seen first. */
  readonly sinceMs: number;
}

export class LeaderElection implements Leadership {
  readonly #options: LeaderElectionOptions;
  readonly #path: ObjectPath;
  readonly #stop = new AbortController();
  #seen: SeenLease | undefined;
  #term: AbortController | undefined;
  #termEndMs = 0;
  #termTimer: NodeJS.Timeout | undefined;
  #lastError = '';
  #loop: Promise<void> | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#path = { resource: apiResources.Lease, namespace: options.namespace, name: options.name };
  }

  get isLeader(): boolean {
    return this.term !== undefined;
  }

  get term(): AbortSignal | undefined {
    if (this.#term !== undefined && this.#options.nowMs() >= this.#termEndMs) this.#endTerm();
    return this.#term?.signal;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the term and gives the Lease back, so that another replica need not wait for it to run out. */
  async stop(signal: AbortSignal): Promise<void> {
    const wasLeader = this.isLeader;
    this.#stop.abort();
    await this.#loop;
    this.#endTerm();
    if (!wasLeader || this.#seen?.holder !== this.#options.identity) return;
    const released = await this.#write({ isRelease: true }, this.#seen, signal);
    // A renewal was cut off by the stop, and came through all the same.
    if (released.ok || released.error.status !== 409 || !(await this.#look(signal))) return;
    if (this.#seen.holder === this.#options.identity) await this.#write({ isRelease: true }, this.#seen, signal);
  }

  async #run(): Promise<void> {
    const { ttlMs, random } = this.#options;
    while (!this.#stop.signal.aborted) {
      await this.#attempt();
      // A renewal may come early, never late.
      await pause(ttlMs * RETRY_SHARE * (0.8 + 0.2 * random()), this.#stop.signal);
    }
  }

  /** Renews, or takes the Lease where it is free. */
  async #attempt(): Promise<void> {
    const { identity, ttlMs, nowMs } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ttlMs * RETRY_SHARE)]);
    // A leader knows the version that it has written; everybody else looks first.
    if (!this.isLeader || this.#seen?.holder !== identity) {
      const found = await this.#look(signal);
      if (!found) return;
    }
    const seen = this.#seen;
    if (seen !== undefined && seen.holder !== '' && seen.holder !== identity && nowMs() < seen.sinceMs + seen.validityMs) {
      this.#endTerm();
      return;
    }
    const sentAtMs = nowMs();
    const written = await this.#write({ isRelease: false }, seen, signal);
    if (written.ok) {
      this.#lastError = '';
      this.#take(written.value);
      this.#beginTerm(sentAtMs + ttlMs * RENEW_SHARE);
    } else if (written.error.status === 409 || (written.error.status === 404 && seen !== undefined)) {
      // Somebody else was faster, or an earlier attempt of ours came through without an answer: the next look tells.
      this.#seen = undefined;
      if (await this.#look(signal)) this.#yieldToHolder();
    } else this.#report(written.error);
  }

  #yieldToHolder(): void {
    if (this.#seen?.holder !== this.#options.identity) this.#endTerm();
  }

  /** False: nothing is known now. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const answer = await this.#options.client.get(this.#path, signal);
    if (answer.ok) this.#take(answer.value);
    else if (answer.error.status === 404) this.#seen = undefined;
    else {
      this.#report(answer.error);
      return false;
    }
    return true;
  }

  #take(value: unknown): void {
    const object = isMap(value) ? value : {};
    const metadata = isMap(object['metadata']) ? object['metadata'] : {};
    const spec = isMap(object['spec']) ? object['spec'] : {};
    const resourceVersion = String(metadata['resourceVersion'] ?? '');
    if (this.#seen?.resourceVersion === resourceVersion) return;
    const { holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime } = spec;
    const seconds = typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds : this.#options.ttlMs / 1000;
    this.#seen = {
      object,
      resourceVersion,
      holder: typeof holderIdentity === 'string' ? holderIdentity : '',
      validityMs: Math.min(Math.max(seconds, 1), LONGEST_VALIDITY_SECONDS) * 1000,
      transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
      acquireTime,
      sinceMs: this.#options.nowMs(),
    };
  }

  #write({ isRelease }: { readonly isRelease: boolean }, seen: SeenLease | undefined, signal: AbortSignal): Promise<ApiResult> {
    const { client, identity, ttlMs, name, namespace } = this.#options;
    const isNewTerm = seen?.holder !== identity;
    const now = microTime(new Date());
    const spec = {
      holderIdentity: isRelease ? '' : identity,
      // What client-go writes when it gives a Lease back: whoever does not know an empty holder waits for a second.
      leaseDurationSeconds: isRelease ? 1 : Math.ceil(ttlMs / 1000),
      acquireTime: isNewTerm ? now : (seen.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: (seen?.transitions ?? 0) + (isNewTerm && seen !== undefined ? 1 : 0),
    };
    const kind = { apiVersion: apiResources.Lease.apiVersion, kind: apiResources.Lease.kind };
    if (seen !== undefined) return client.update(this.#path, { ...seen.object, ...kind, spec }, signal);
    return client.create({ resource: apiResources.Lease, namespace }, { ...kind, metadata: { name, namespace }, spec }, signal);
  }

  #beginTerm(endMs: number): void {
    const { nowMs, onChange } = this.#options;
    clearTimeout(this.#termTimer);
    // The answer came after the stop, or too late to be of use.
    if (this.#stop.signal.aborted || nowMs() >= endMs) return this.#endTerm();
    this.#termEndMs = endMs;
    this.#termTimer = setTimeout(() => this.#endTerm(), endMs - nowMs()).unref();
    if (this.#term !== undefined) return;
    this.#term = new AbortController();
    onChange(true);
  }

  #endTerm(): void {
    clearTimeout(this.#termTimer);
    const term = this.#term;
    if (term === undefined) return;
    this.#term = undefined;
    term.abort();
    this.#options.onChange(false);
  }

  #report(error: ApiError): void {
    if (this.#stop.signal.aborted) return;
    const limitMs = this.#options.ttlMs * RETRY_SHARE;
    const shown = isAborted(error) ? localError('Timeout', `no answer within ${limitMs} ms`) : error;
    const text = `${shown.status} ${shown.reason}`;
    if (text !== this.#lastError) this.#options.onError(shown);
    this.#lastError = text;
  }
}

/** `--disable-leader-election`: this replica leads until it ends. */
export class SoleLeader implements Leadership {
  readonly #stop = new AbortController();

  get isLeader(): boolean {
    return !this.#stop.signal.aborted;
  }

  get term(): AbortSignal | undefined {
    return this.isLeader ? this.#stop.signal : undefined;
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** `metav1.MicroTime`: six digits of a second, which the API server insists on. */
export function microTime(date: Date): string {
  return date.toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}
