// Keeps somebody informed of all objects of one collection: lists them page by page, then watches, for as long as its signal lives.
//
// A watch that ends, for whatever reason, goes on from the last version that was seen (bookmarks move it on where nothing happens). Only
// where the server no longer knows that version (410), or sent something that cannot be read, is everything listed again; the sink then
// finds out what differs. So it is where the server has lost versions, as with an older state of etcd: it accepts a watch from a version that it
// does not have yet, and is silent. Whether it has is asked (one object is listed) after each watch that ended before its time, and a watch
// without a word for longer than bookmarks take is given up. Errors are waited out with jittered, growing pauses; nothing is ever given
// up, and what was known stays.
// Watches end after five to ten minutes, as those of client-go, so that they spread over the API servers.
import type { ApiClient } from './api-client.ts';
import type { ApiError } from './api-error.ts';
import { isAborted, isExpired, localError } from './api-error.ts';
import type { Collection } from './api-resource.ts';
import { Backoff } from './backoff.ts';
import type { ObjectHead } from './object-head.ts';
import { readHead } from './object-head.ts';
import { pause } from './pause.ts';

export interface ReflectorSink {
  /** A complete list begins: what is not told of until `endList` is gone. A list that breaks off begins again with `beginList`. */
  beginList(): void;
  endList(): void;
  /** An object as it is now; the same version may come more than once. */
  upsert(head: ObjectHead, object: unknown): void;
  remove(head: ObjectHead): void;
  /** There is no right to list or to watch; asked again later. */
  onForbidden?(): void;
}

export interface ReflectorObserver {
  /** A list was completed, or a watch was accepted, after failures or for the first time. */
  onContact(): void;
  /** It did not work, and will be tried again. */
  onFailure(error: ApiError): void;
}

export interface ReflectorTiming {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Rights change rarely: where they are missing, pauses grow further. */
  readonly longestForbiddenPauseMs: number;
  /** The server ends a watch after this time or up to twice as much. */
  readonly watchSeconds: number;
}

/** Lets somebody else ask for a new list of everything. */
export class ListRequest {
  #controller = new AbortController();

  ask(): void {
    this.#controller.abort();
  }

  /** Aborted when a list is asked for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether one was asked for since the last call. */
  take(): boolean {
    if (!this.#controller.signal.aborted) return false;
    this.#controller = new AbortController();
    return true;
  }
}

export interface ReflectorOptions {
  readonly client: ApiClient;
  readonly collection: Collection;
  readonly sink: ReflectorSink;
  readonly observer: ReflectorObserver;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly timing?: Partial<ReflectorTiming>;
  readonly listRequest?: ListRequest;
}

export const defaultReflectorTiming: ReflectorTiming = {
  firstPauseMs: 200,
  longestPauseMs: 5_000,
  longestForbiddenPauseMs: 30_000,
  watchSeconds: 300,
};
/** A watch that ended sooner without an event was no good: a pause follows, as after an error. */
const SHORT_WATCH_MS = 1_000;

/** Runs until the signal is aborted. */
export async function runReflector(options: ReflectorOptions, signal: AbortSignal): Promise<void> {
  const reflector = new Reflector(options);
  while (!signal.aborted) await reflector.step(signal);
}

class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timing: ReflectorTiming;
  readonly #pauses: Backoff;
  readonly #forbiddenPauses: Backoff;
  /** Where a watch goes on; undefined: everything has to be listed. */
  #version: string | undefined;
  #listedAtMs = -Infinity;
  /** A watch ended before its time: the server may be another one, with another state. */
  #isInDoubt = false;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#timing = { ...defaultReflectorTiming, ...options.timing };
    const { firstPauseMs: firstMs, longestPauseMs, longestForbiddenPauseMs } = this.#timing;
    this.#pauses = new Backoff({ firstMs, limitMs: longestPauseMs }, options.random);
    this.#forbiddenPauses = new Backoff({ firstMs, limitMs: longestForbiddenPauseMs }, options.random);
  }

  /** One list or one watch, and the pause that it deserves. */
  async step(signal: AbortSignal): Promise<void> {
    if (this.#options.listRequest?.take() === true) this.#version = undefined;
    const error = this.#version === undefined ? await this.#list(signal) : await this.#watch(signal, this.#version);
    if (error === undefined || isAborted(error)) return;
    // Not knowing a version any more is no failure but the way of the API to ask for a list; but not right after a list.
    const { nowMs, observer, sink } = this.#options;
    const isOldVersion = isExpired(error) && this.#version !== undefined && nowMs() - this.#listedAtMs > SHORT_WATCH_MS;
    if (isExpired(error) || error.reason === 'Unreadable' || error.reason === 'Timeout') this.#version = undefined;
    if (isOldVersion) return;
    if (error !== tooShort) observer.onFailure(error);
    if (error.status === 403) sink.onForbidden?.();
    const pauses = error.status === 401 || error.status === 403 ? this.#forbiddenPauses : this.#pauses;
    await pause(pauses.nextMs(error.retryAfterSeconds), signal);
  }

  async #list(signal: AbortSignal): Promise<ApiError | undefined> {
    const { client, collection, sink } = this.#options;
    sink.beginList();
    let continueToken = '';
    for (;;) {
      const page = await client.listPage(collection, continueToken === '' ? {} : { continueToken }, signal);
      if (!page.ok) return page.error;
      for (const item of page.value.items) {
        const head = readHead(item);
        if (head === undefined) return localError('Unreadable', 'an item of the list has no name or no version');
        sink.upsert(head, item);
      }
      ({ continueToken } = page.value);
      if (continueToken !== '') continue;
      sink.endList();
      this.#version = page.value.resourceVersion;
      this.#listedAtMs = this.#options.nowMs();
      this.#isInDoubt = false;
      this.#resetPauses();
      this.#options.observer.onContact();
      return undefined;
    }
  }

  async #watch(signal: AbortSignal, resourceVersion: string): Promise<ApiError | undefined> {
    const { client, collection, sink, observer, random, nowMs, listRequest } = this.#options;
    const doubt = this.#isInDoubt ? await this.#askNewest(signal, resourceVersion) : undefined;
    if (doubt !== undefined) return doubt.error;
    const startedAtMs = nowMs();
    const timeoutSeconds = Math.ceil(this.#timing.watchSeconds * (1 + random()));
    let hasEvents = false;
    let problem: ApiError | undefined;
    const result = await client.watch(
      collection,
      {
        resourceVersion,
        timeoutSeconds,
        onOpen: () => observer.onContact(),
        onEvent: (type, object) => {
          const head = type === 'BOOKMARK' ? readBookmark(object) : readHead(object);
          if (head === undefined) {
            problem ??= localError('Unreadable', 'an event of the watch holds no object');
            return;
          }
          if (problem !== undefined) return;
          hasEvents = true;
          if (type === 'DELETED') sink.remove(head);
          else if (type !== 'BOOKMARK') sink.upsert(head, object);
          this.#version = head.resourceVersion;
        },
      },
      listRequest === undefined ? signal : AbortSignal.any([signal, listRequest.signal]),
    );
    this.#isInDoubt = !result.ok || nowMs() - startedAtMs < (timeoutSeconds - 1) * 1000;
    const wasGood = hasEvents || nowMs() - startedAtMs >= SHORT_WATCH_MS;
    if (wasGood) this.#resetPauses();
    if (problem !== undefined) return problem;
    if (!result.ok) return result.error;
    return wasGood ? undefined : tooShort;
  }

  /** Undefined: a watch from this version is good. Otherwise the step is over, with an error or because everything has to be listed. */
  async #askNewest(signal: AbortSignal, version: string): Promise<{ readonly error: ApiError | undefined } | undefined> {
    const { client, collection } = this.#options;
    const page = await client.listPage(collection, { limit: 1 }, signal);
    if (!page.ok) return page;
    this.#isInDoubt = false;
    if (!isOlder(page.value.resourceVersion, version)) return undefined;
    this.#version = undefined;
    return { error: undefined };
  }

  #resetPauses(): void {
    this.#pauses.reset();
    this.#forbiddenPauses.reset();
  }
}

/** Versions of the objects of Kubernetes are numbers that grow ("Resource versions"); of others nothing is known. */
function isOlder(version: string, than: string): boolean {
  const isNumber = /^[1-9]\d*$/;
  return isNumber.test(version) && isNumber.test(than) && BigInt(version) < BigInt(than);
}

const tooShort = localError('Unreachable', 'the watch ended at once');

/** A bookmark has a version and no name. */
function readBookmark(object: unknown): ObjectHead | undefined {
  const metadata = typeof object === 'object' && object !== null && 'metadata' in object ? object.metadata : undefined;
  const version = typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata ? metadata.resourceVersion : undefined;
  return typeof version === 'string' ? { namespace: '', name: '', uid: '', resourceVersion: version } : undefined;
}
