// The Secrets or ConfigMaps that somebody refers to, and no others. All data of all Secrets of a cluster would be much memory, and much
// to lose, so a watch tells only names and versions (metadata), and the few that are referred to are fetched one by one, again
// whenever their version changes. Needs the right to `get` them, and to `list` and `watch` where changes are to be seen at once:
//
// - objects that flags name: watched by name in their namespace, for which a Role with resourceNames is enough;
// - objects that Ingresses name: watched in all namespaces, or in the one of --watch-namespace.
//
// A watch exists only while there is something to watch for. Without the right to it, objects are fetched again after pauses that
// grow up to half a minute: rights may be missing for a moment only, as after a restart of the API server.
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import type { ObjectRef } from '../../resources/store.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiError } from './api-error.ts';
import { formatApiError, isAborted } from './api-error.ts';
import type { Collection } from './api-resource.ts';
import { apiResources } from './api-resource.ts';
import { Backoff } from './backoff.ts';
import type { ObjectHead, ObjectVersion } from './object-head.ts';
import { headKey, isSameVersion, readHead, versionOf } from './object-head.ts';
import { parseApiObject } from './object-mirror.ts';
import type { ObjectReceiver } from './object-mirror.ts';
import { pause } from './pause.ts';
import type { ReflectorSink } from './reflector.ts';

export interface ReferencedObjectsOptions {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly client: ApiClient;
  /** `--watch-namespace`: outside of it, objects are watched by name. */
  readonly watchNamespace: string | undefined;
  readonly receiver: ObjectReceiver;
  /** Starts a reflector; it ends with the signal. */
  readonly reflect: (collection: Collection, sink: ReflectorSink, signal: AbortSignal) => void;
  /** An object that was waited for was fetched or is known to be missing, or there is something to say about one. */
  readonly onNews: () => void;
  /** A fetch failed, or worked. A missing right is no failure but a diagnostic. */
  readonly onFetch: (error: ApiError | undefined) => void;
  readonly random: () => number;
}

export interface Reference {
  readonly namespace: string;
  readonly name: string;
  /** True where a flag names it. */
  readonly isOwn: boolean;
}

interface Entry {
  readonly namespace: string;
  readonly name: string;
  readonly scope: string;
  /** Of what the receiver has; undefined: it has nothing. */
  version: ObjectVersion | undefined;
  /** Whether an answer came at least once. */
  isSettled: boolean;
  isForbidden: boolean;
  /** In a row; up to when it is settled. */
  refusals: number;
  work: 'none' | 'queued' | 'fetching' | 'fetching-and-outdated';
}

interface Scope {
  readonly stop: AbortController;
  readonly keys: Set<string>;
}

const PARALLEL_FETCHES = 16;
/** Before anything is served: with the pauses between them, about three seconds. */
const REFUSALS_AT_START = 5;
const pauses = { firstMs: 200, limitMs: 5_000 } as const;
const forbiddenPauses = { firstMs: 200, limitMs: 30_000 } as const;

export class ReferencedObjects {
  readonly #options: ReferencedObjectsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #scopes = new Map<string, Scope>();
  readonly #troubles = new Map<Entry, readonly Diagnostic[]>();
  #revision = 0;
  readonly #queue: Entry[] = [];
  readonly #stop = new AbortController();
  readonly #pauses: Backoff;
  readonly #forbiddenPauses: Backoff;
  /** So many refusals count as an answer. */
  #patience = REFUSALS_AT_START;
  #fetching = 0;
  #unsettled = 0;
  #pausing: Promise<void> | undefined;
  #forbiddenTimer: NodeJS.Timeout | undefined;

  constructor(options: ReferencedObjectsOptions) {
    this.#options = options;
    this.#pauses = new Backoff(pauses, options.random);
    this.#forbiddenPauses = new Backoff(forbiddenPauses, options.random);
  }

  /** True once there was an answer about everything that is referred to. */
  get areAllSettled(): boolean {
    return this.#unsettled === 0;
  }

  has(reference: Pick<Reference, 'namespace' | 'name'>): boolean {
    return this.#entries.has(headKey(reference));
  }

  isSettled(reference: Pick<Reference, 'namespace' | 'name'>): boolean {
    return this.#entries.get(headKey(reference))?.isSettled ?? true;
  }

  /** Another number whenever `diagnostics` may have others to tell. */
  get revision(): number {
    return this.#revision;
  }

  *diagnostics(): Iterable<Diagnostic> {
    for (const diagnostics of this.#troubles.values()) yield* diagnostics;
  }

  /** Somebody refers to the object now. `known`: the receiver has it already, as it was some time ago. */
  add(reference: Reference, known?: KubernetesObject): void {
    const key = headKey(reference);
    if (this.#entries.has(key)) return;
    const { namespace, name } = reference;
    const entry: Entry = {
      namespace,
      name,
      scope: this.#scopeOf(reference),
      version: known === undefined ? undefined : versionOf(known.metadata),
      isSettled: known !== undefined,
      isForbidden: false,
      refusals: 0,
      work: 'none',
    };
    this.#entries.set(key, entry);
    if (!entry.isSettled) this.#unsettled++;
    this.#openScope(entry, key);
    this.#enqueue(entry);
  }

  /** The receiver has the object already, as it was some time ago; without an effect where there was an answer about it. */
  seed({ metadata }: KubernetesObject): void {
    const entry = this.#entries.get(headKey(metadata));
    if (entry === undefined || entry.isSettled) return;
    entry.version = versionOf(metadata);
    this.#settle(entry);
  }

  /** What was refused is unknown again: whoever may read more now may be able to read this, too. */
  forgetRefusals(): void {
    this.#forbiddenPauses.reset();
    for (const entry of this.#entries.values()) {
      entry.refusals = 0;
      if (!entry.isForbidden || entry.version !== undefined) continue;
      if (entry.isSettled) this.#unsettled++;
      entry.isSettled = false;
      this.#enqueue(entry);
    }
  }

  /** Something is served: from now on nobody waits for a right that is missing. */
  onServing(): void {
    this.#patience = 1;
  }

  /** Nobody refers to the object any more. */
  delete(reference: Pick<Reference, 'namespace' | 'name'>): void {
    const key = headKey(reference);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (!entry.isSettled) this.#unsettled--;
    const scope = this.#scopes.get(entry.scope);
    scope?.keys.delete(key);
    if (scope?.keys.size === 0) {
      scope.stop.abort();
      this.#scopes.delete(entry.scope);
    }
    this.#setMissing(entry);
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#forbiddenTimer);
    for (const { stop } of this.#scopes.values()) stop.abort();
  }

  /** The scope is written as it is told apart: namespace, and name where only that object is watched. */
  #scopeOf({ namespace, name, isOwn }: Reference): string {
    const { watchNamespace } = this.#options;
    if (isOwn || (watchNamespace !== undefined && watchNamespace !== namespace)) return `${namespace}\0${name}`;
    return watchNamespace ?? '';
  }

  #openScope({ scope }: Entry, key: string): void {
    const open = this.#scopes.get(scope);
    if (open !== undefined) {
      open.keys.add(key);
      return;
    }
    const [namespace = '', name] = scope.split('\0');
    const stop = new AbortController();
    this.#scopes.set(scope, { stop, keys: new Set([key]) });
    const collection: Collection = {
      resource: apiResources[this.#options.kind],
      namespace,
      isMetadataOnly: true,
      ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
    };
    this.#options.reflect(collection, this.#createSink(scope), stop.signal);
  }

  #createSink(scope: string): ReflectorSink {
    /** While a list is read. */
    let listed: Set<string> | undefined;
    const find = (head: ObjectHead): Entry | undefined => {
      const entry = this.#entries.get(headKey(head));
      return entry?.scope === scope ? entry : undefined;
    };
    return {
      beginList: () => {
        listed = new Set();
      },
      endList: () => {
        for (const key of this.#scopes.get(scope)?.keys ?? []) {
          const entry = this.#entries.get(key);
          if (entry?.version !== undefined && listed?.has(key) !== true) this.#enqueue(entry);
        }
        listed = undefined;
      },
      upsert: (head) => {
        const entry = find(head);
        if (entry === undefined) return;
        listed?.add(headKey(head));
        if (!isSameVersion(entry.version, head)) this.#enqueue(entry);
      },
      onForbidden: () => {
        for (const key of this.#scopes.get(scope)?.keys ?? []) {
          const entry = this.#entries.get(key);
          if (entry?.isForbidden === false) this.#enqueue(entry);
        }
      },
      remove: (head) => {
        const entry = find(head);
        if (entry === undefined) return;
        // While it is asked for, or where another object of that name was found, the event may be about an older one.
        if (entry.work === 'none' && entry.version?.uid === head.uid) this.#setMissing(entry);
        else this.#enqueue(entry);
      },
    };
  }

  #enqueue(entry: Entry): void {
    if (entry.work === 'fetching') entry.work = 'fetching-and-outdated';
    if (entry.work !== 'none') return;
    entry.work = 'queued';
    this.#queue.push(entry);
    this.#work();
  }

  #work(): void {
    while (this.#pausing === undefined && this.#fetching < PARALLEL_FETCHES && !this.#stop.signal.aborted) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      if (this.#entries.get(headKey(entry)) !== entry) {
        // With nobody left who waits for an answer, nothing is failing any more.
        if (this.#queue.length === 0 && this.#fetching === 0) this.#options.onFetch(undefined);
        continue;
      }
      this.#fetching++;
      entry.work = 'fetching';
      void this.#fetch(entry);
    }
  }

  async #fetch(entry: Entry): Promise<void> {
    const { kind, client, onFetch } = this.#options;
    const { namespace, name } = entry;
    const answer = await client.get({ resource: apiResources[kind], namespace, name }, this.#stop.signal);
    this.#fetching--;
    const isOutdated = entry.work === 'fetching-and-outdated';
    entry.work = 'none';
    if (this.#stop.signal.aborted) return;
    if (this.#entries.get(headKey(entry)) === entry) {
      if (answer.ok) this.#take(entry, answer.value);
      else if (answer.error.status === 404) this.#takeMissing(entry);
      else if (answer.error.status === 403) this.#takeForbidden(entry, answer.error);
      else this.#retry(entry, answer.error);
      if (isOutdated) this.#enqueue(entry);
    }
    if (answer.ok || answer.error.status === 404) {
      this.#pauses.reset();
      onFetch(undefined);
    }
    this.#work();
  }

  #take(entry: Entry, value: unknown): void {
    const { kind, receiver } = this.#options;
    const head = readHead(value);
    this.#allow(entry);
    this.#clear(entry);
    if (head !== undefined && !isSameVersion(entry.version, head)) {
      entry.version = versionOf(head);
      const parsed = parseApiObject(value, apiResources[kind], kind);
      if (parsed.kind === 'object') receiver.onUpsert(parsed.object);
      else this.#trouble(entry, parsed.diagnostics);
      this.#options.onNews();
    }
    this.#settle(entry);
  }

  #takeMissing(entry: Entry): void {
    this.#allow(entry);
    this.#setMissing(entry);
    this.#settle(entry);
  }

  #setMissing(entry: Entry): void {
    this.#clear(entry);
    if (entry.version === undefined) return;
    entry.version = undefined;
    const { kind, receiver } = this.#options;
    receiver.onRemove({ kind, namespace: entry.namespace, name: entry.name } satisfies ObjectRef);
  }

  /** Without the right to read it, it is as if it were missing, or stays as it was. Rights may come later. */
  #takeForbidden(entry: Entry, error: ApiError): void {
    const { namespace, name } = entry;
    const origin = { kind: this.#options.kind, namespace, name };
    entry.isForbidden = true;
    this.#trouble(entry, [diagnostic('PRT-READ-8', `${formatApiError(error)}; it is as if it did not exist, or stays as it was`, origin)]);
    entry.refusals++;
    if (entry.refusals >= this.#patience) this.#settle(entry);
    this.#options.onNews();
    this.#forbiddenTimer ??= setTimeout(() => {
      this.#forbiddenTimer = undefined;
      for (const candidate of this.#entries.values()) if (candidate.isForbidden) this.#enqueue(candidate);
    }, this.#forbiddenPauses.nextMs()).unref();
  }

  #trouble(entry: Entry, diagnostics: readonly Diagnostic[]): void {
    this.#troubles.set(entry, diagnostics);
    this.#revision++;
  }

  #clear(entry: Entry): void {
    if (this.#troubles.delete(entry)) this.#revision++;
  }

  #allow(entry: Entry): void {
    if (entry.isForbidden) this.#forbiddenPauses.reset();
    entry.isForbidden = false;
    entry.refusals = 0;
  }

  #retry(entry: Entry, error: ApiError): void {
    if (isAborted(error)) return;
    this.#options.onFetch(error);
    this.#pausing ??= pause(this.#pauses.nextMs(error.retryAfterSeconds), this.#stop.signal).then(() => {
      this.#pausing = undefined;
      this.#work();
    });
    this.#enqueue(entry);
  }

  #settle(entry: Entry): void {
    if (entry.isSettled) return;
    entry.isSettled = true;
    this.#unsettled--;
    this.#options.onNews();
  }
}
