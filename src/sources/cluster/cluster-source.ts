// A source of objects: the API server of a cluster. Joins reflectors of the kinds that are kept whole with the Secrets and ConfigMaps that
// are only kept where somebody refers to them, and decides when there is something to hand over:
//
// - the first batch when everything was listed, so that nothing serves half a configuration, except for what there is no right to read and
//   some Ingress can be served without (collection-states.ts);
// - later batches a few milliseconds after the first of their events, EndpointSlices alone at once (batch-schedule.ts), and an Ingress never before
//   what it newly refers to was asked for (pending-changes.ts);
// - where the API server cannot be reached at the start, what the snapshot file holds. When it comes back, only what differs is a change.
//
// Nothing that the API server fails to do removes an object: only its own word does.
import { ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { withSharedParts } from '../../resources/equal-content.ts';
import { SERVICE_NAME_LABEL } from '../../resources/endpoint-slice.ts';
import type { Ingress, Kind, KubernetesObject } from '../../resources/objects.ts';
import { objectKey } from '../../resources/objects.ts';
import type { ObjectRef } from '../../resources/store.ts';
import type { Source, SourceBatch } from '../source.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiError } from './api-error.ts';
import type { Collection } from './api-resource.ts';
import { apiResources, resourceName } from './api-resource.ts';
import { BatchSchedule } from './batch-schedule.ts';
import { CollectionStates } from './collection-states.ts';
import type { ConnectionListener } from './connection-state.ts';
import { ConnectionState } from './connection-state.ts';
import { ForeignIngresses } from './foreign-ingresses.ts';
import { ObjectMirror } from './object-mirror.ts';
import { PendingChanges } from './pending-changes.ts';
import { ReferenceTracker } from './reference-tracker.ts';
import type { ReferenceFinder } from './reference-tracker.ts';
import { ReferencedObjects } from './referenced-objects.ts';
import { ListRequest, runReflector } from './reflector.ts';
import type { ReflectorSink, ReflectorTiming } from './reflector.ts';
import { readSnapshot } from './snapshot-file.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { describeCollection, isInCollection } from './watched-collection.ts';
import { WatchedNamespace } from './watched-namespace.ts';

export interface ClusterSourceOptions {
  readonly client: ApiClient;
  /** `--watch-namespace`; undefined: all. */
  readonly watchNamespace: string | undefined;
  /** Whether labels of namespaces matter (`--watch-namespace-selector`). */
  readonly readsNamespaces: boolean;
  /** Services that flags name, for those outside of `watchNamespace`. */
  readonly ownServices: readonly { readonly namespace: string; readonly name: string }[];
  readonly references: ReferenceFinder;
  /** `--snapshot`; empty: none. */
  readonly snapshotPath: string;
  readonly onBatch: (batch: SourceBatch) => void;
  readonly listener: ClusterListener;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly timing?: Partial<ClusterTiming>;
}

/** What an operator should read in the log. */
export interface ClusterListener extends Omit<ConnectionListener, 'onAway'> {
  /** The API server has not answered for a while; `isServing`: there is a state that goes on serving. */
  readonly onAway: (error: ApiError, isServing: boolean) => void;
  /** Not of our class, or in a namespace that is not watched; told for each version. */
  readonly onForeign: (ingress: Ingress) => void;
  readonly onSnapshotUsed: (objects: number) => void;
  readonly onSnapshotError: (message: string) => void;
}

export interface ClusterTiming extends ReflectorTiming {
  /** See `BatchSchedule`. */
  readonly holdOffMs: number;
  /** The longest time that an Ingress waits for the answer about what it refers to. */
  readonly holdIngressMs: number;
  /** Failures that last this long mean that the API server is away. */
  readonly awayAfterMs: number;
}

type BatchTiming = Omit<ClusterTiming, keyof ReflectorTiming>;

const defaultTiming: BatchTiming = { holdOffMs: 2, holdIngressMs: 2_000, awayAfterMs: 2_000 };

export interface ClusterSource extends Source {
  start(): Promise<Result<undefined>>;
  /** False while the API server does not answer. */
  readonly isConnected: boolean;
  /** Attempts that failed since the start. */
  readonly failureCount: number;
  /** Ingresses that are not ours. Takes time proportional to all. */
  readonly foreignIngressCount: number;
}

export function createClusterSource(options: ClusterSourceOptions): ClusterSource {
  return new WatchedCluster(options);
}

class WatchedCluster implements ClusterSource {
  readonly #options: ClusterSourceOptions;
  readonly #timing: BatchTiming;
  readonly #connection: ConnectionState;
  readonly #watched = new CollectionStates();
  readonly #referenced: { readonly Secret: ReferencedObjects; readonly ConfigMap: ReferencedObjects };
  readonly #tracker: ReferenceTracker;
  readonly #pending: PendingChanges;
  /** Everything that was handed over, for the snapshot and to begin with one. */
  readonly #served = new Map<string, KubernetesObject>();
  readonly #snapshot: SnapshotWriter | undefined;
  readonly #foreign: ForeignIngresses;
  readonly #namespace: WatchedNamespace | undefined;
  readonly #ingressList = new ListRequest();
  #haveClassesChanged = false;
  readonly #stop = new AbortController();
  readonly #firstBatch = Promise.withResolvers<undefined>();
  #hasDelivered = false;
  #isLoadingSnapshot = false;
  #mayUseSnapshot = false;
  readonly #schedule: BatchSchedule;
  /** For Ingresses that wait for what they refer to. */
  #holdTimer: NodeJS.Timeout | undefined;
  /** Of `#diagnostics`: all revisions of its parts added up. */
  #listedRevision = -1;
  #diagnostics: readonly Diagnostic[] = [];
  #lastDiagnostics: readonly Diagnostic[] | undefined;

  constructor(options: ClusterSourceOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#connection = new ConnectionState({
      nowMs: options.nowMs,
      awayAfterMs: this.#timing.awayAfterMs,
      onAway: (error) => options.listener.onAway(error, this.#hasDelivered),
      onBack: (awayMs) => options.listener.onBack(awayMs),
      onForbidden: (name, error) => this.#onForbidden(name, error),
      onAllowed: (name) => this.#onAllowed(name),
    });
    this.#referenced = { Secret: this.#createReferenced('Secret'), ConfigMap: this.#createReferenced('ConfigMap') };
    this.#tracker = new ReferenceTracker(options.references, {
      onFirst: (ref) => this.#refer(ref, false),
      onLast: (ref) => {
        if (!this.#isOwn(ref) && isReferable(ref.kind)) this.#referenced[ref.kind].delete(ref);
      },
    });
    const { snapshotPath: path, nowMs } = options;
    this.#schedule = new BatchSchedule({ holdOffMs: this.#timing.holdOffMs, nowMs, onDue: (sinceMs) => this.#flush(sinceMs) });
    const { client, watchNamespace } = options;
    const onChange = (): void => this.#schedule.hold();
    this.#namespace =
      watchNamespace === undefined
        ? undefined
        : new WatchedNamespace(watchNamespace, { client, isEmpty: () => this.#isEmpty(watchNamespace), onChange });
    this.#foreign = new ForeignIngresses({ byNamespace: options.readsNamespaces });
    this.#pending = new PendingChanges({
      served: this.#served,
      isOurs: (ingress) => this.#tracker.isOurs(ingress),
      isSettled: (ingress) => this.#areReferencesSettled(ingress),
      holdIngressMs: this.#timing.holdIngressMs,
      nowMs,
    });
    this.#snapshot =
      path === ''
        ? undefined
        : new SnapshotWriter({
            path,
            nowMs,
            getObjects: () => [...this.#served.values()],
            onError: (error) => options.listener.onSnapshotError(`${path} cannot be written: ${error.message}`),
          });
  }

  get isConnected(): boolean {
    return !this.#connection.isAway;
  }

  get failureCount(): number {
    return this.#connection.failureCount;
  }

  get foreignIngressCount(): number {
    return this.#watched.mirrorsOf('Ingress').reduce((sum, mirror) => sum + mirror.laidAsideCount, 0);
  }

  async start(): Promise<Result<undefined>> {
    const { watchNamespace, readsNamespaces, ownServices } = this.#options;
    const namespace = watchNamespace ?? '';
    for (const kind of ['Ingress', 'Service', 'EndpointSlice'] as const) this.#watch(kind, { resource: apiResources[kind], namespace });
    this.#watch('IngressClass', { resource: apiResources.IngressClass, namespace: '' });
    void this.#namespace?.check(this.#stop.signal);
    if (readsNamespaces) this.#watch('Namespace', { resource: apiResources.Namespace, namespace: '' });
    for (const service of ownServices)
      if (watchNamespace !== undefined && service.namespace !== watchNamespace) this.#watchService(service);
    for (const ref of this.#options.references.own) this.#refer(ref, true);
    if (this.#snapshot !== undefined) {
      setTimeout(() => {
        this.#mayUseSnapshot = true;
        void this.#considerSnapshot();
      }, this.#timing.awayAfterMs).unref();
    }
    await this.#firstBatch.promise;
    return ok(undefined);
  }

  close(): void {
    this.#stop.abort();
    this.#schedule.close();
    clearTimeout(this.#holdTimer);
    this.#connection.close();
    this.#referenced.Secret.close();
    this.#referenced.ConfigMap.close();
    this.#snapshot?.close();
    this.#firstBatch.resolve(undefined);
  }

  #watchService({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    this.#watch('Service', { resource: apiResources.Service, namespace, fieldSelector: `metadata.name=${name}` });
    this.#watch('EndpointSlice', { resource: apiResources.EndpointSlice, namespace, labelSelector: `${SERVICE_NAME_LABEL}=${name}` });
  }

  #watch(kind: Kind, collection: Collection): void {
    const name = describeCollection(collection);
    const onListed = (): void => {
      if (this.#watched.noteListed(name) && !this.#hasDelivered) {
        this.#referenced.Secret.forgetRefusals();
        this.#referenced.ConfigMap.forgetRefusals();
      }
      this.#schedule.hold();
    };
    const owns = (object: KubernetesObject): boolean => isInCollection(object, collection);
    const mirror = new ObjectMirror({
      kind,
      resource: collection.resource,
      receiver: this.#receiver,
      owns,
      onListed,
      onDiagnostic: () => this.#schedule.hold(),
    });
    this.#watched.add(name, mirror);
    this.#reflect(collection, mirror, this.#stop.signal, kind === 'Ingress' ? this.#ingressList : undefined);
  }

  #reflect(collection: Collection, sink: ReflectorSink, signal: AbortSignal, listRequest?: ListRequest): void {
    const { client, random, nowMs, timing = {} } = this.#options;
    const name = describeCollection(collection);
    const observer = {
      onContact: () => this.#connection.contact(name),
      onFailure: (error: ApiError) => {
        this.#connection.failure(name, error);
        if (error.status === 403 && !this.#hasDelivered && this.#watched.countRefusal(name)) this.#schedule.hold();
        void this.#considerSnapshot();
      },
    };
    const request = listRequest === undefined ? {} : { listRequest };
    void runReflector({ client, collection, sink, observer, random, nowMs, timing, ...request }, signal).then(() =>
      this.#connection.forget(name),
    );
  }

  #createReferenced(kind: 'Secret' | 'ConfigMap'): ReferencedObjects {
    const { client, watchNamespace, random } = this.#options;
    const name = `get ${resourceName(apiResources[kind])}`;
    return new ReferencedObjects({
      kind,
      client,
      watchNamespace,
      random,
      receiver: this.#receiver,
      reflect: (collection, sink, signal) => this.#reflect(collection, sink, signal),
      onNews: () => this.#schedule.hold(),
      onFetch: (error) => {
        if (error === undefined) this.#connection.contact(name);
        else this.#connection.failure(name, error);
      },
    });
  }

  #refer(ref: ObjectRef, isOwn: boolean): void {
    if (!isReferable(ref.kind)) return;
    const { namespace, name, kind } = ref;
    const key = objectKey(kind, namespace, name);
    // What is about to be removed is not known any more.
    this.#referenced[kind].add({ namespace, name, isOwn }, this.#pending.has(key) ? undefined : this.#served.get(key));
  }

  #isOwn({ kind, namespace, name }: ObjectRef): boolean {
    return this.#options.references.own.some((own) => own.kind === kind && own.namespace === namespace && own.name === name);
  }

  readonly #receiver = {
    onUpsert: (upsert: KubernetesObject): void => {
      const { kind, metadata } = upsert;
      const ref = { kind, namespace: metadata.namespace, name: metadata.name };
      const object = withSharedParts(this.#served.get(objectKey(kind, ref.namespace, ref.name)), upsert);
      this.#tracker.upsert(object);
      this.#put(ref, object);
    },
    onRemove: (ref: ObjectRef): void => {
      this.#tracker.remove(ref);
      this.#put(ref, undefined);
    },
  };

  #put(ref: ObjectRef, object: KubernetesObject | undefined): void {
    this.#pending.put(ref, object);
    if (ref.kind === 'IngressClass' || ref.kind === 'Namespace') this.#haveClassesChanged = true;
    if (ref.kind === 'EndpointSlice' && this.#hasDelivered) this.#schedule.hasten();
    else this.#schedule.hold();
  }

  #flush(noticedAtMs: number): void {
    // Before all classes are known, Ingresses that are ours look as if they were not.
    if (!this.#watched.isComplete && !this.#hasDelivered) return;
    this.#tracker.settle();
    this.#recallIngresses();
    if (!this.#hasDelivered) this.#tracker.release(() => false);
    if (!this.#hasDelivered && !(this.#referenced.Secret.areAllSettled && this.#referenced.ConfigMap.areAllSettled)) return;
    this.#deliver(noticedAtMs);
  }

  #beginServing(): void {
    this.#hasDelivered = true;
    this.#referenced.Secret.onServing();
    this.#referenced.ConfigMap.onServing();
  }

  #deliver(noticedAtMs: number): void {
    const { changes, foreign, nextLookMs } = this.#pending.take();
    for (const ingress of foreign) this.#layAside(ingress);
    const { upserts, removals } = changes;
    this.#tracker.release((key) => this.#pending.has(key));
    clearTimeout(this.#holdTimer);
    if (nextLookMs < Infinity) this.#holdTimer = setTimeout(() => this.#schedule.hold(), nextLookMs);
    const diagnostics = this.#listDiagnostics();
    if (this.#hasDelivered && upserts.length === 0 && removals.length === 0 && diagnostics === this.#lastDiagnostics) return;
    this.#lastDiagnostics = diagnostics;
    this.#beginServing();
    this.#options.onBatch({ changes, diagnostics, noticedAtMs });
    this.#firstBatch.resolve(undefined);
    this.#snapshot?.schedule();
  }

  #isEmpty(namespace: string): boolean {
    for (const { metadata } of this.#served.values()) if (metadata.namespace === namespace) return false;
    return this.foreignIngressCount === 0;
  }

  #layAside(ingress: Ingress): void {
    const { namespace, name } = ingress.metadata;
    const group = this.#foreign.add(ingress);
    for (const mirror of this.#watched.mirrorsOf('Ingress')) mirror.layAside({ namespace, name }, group);
    this.#tracker.remove({ kind: 'Ingress', namespace, name });
    this.#options.listener.onForeign(ingress);
  }

  /** Has those listed again that were not ours and are by now. */
  #recallIngresses(): void {
    if (!this.#haveClassesChanged) return;
    this.#haveClassesChanged = false;
    const groups = this.#foreign.takeOurs((example) => this.#tracker.isOurs(example));
    if (groups.size === 0) return;
    for (const mirror of this.#watched.mirrorsOf('Ingress')) mirror.recall(groups);
    this.#ingressList.ask();
  }

  #areReferencesSettled(ingress: Extract<KubernetesObject, { kind: 'Ingress' }>): boolean {
    return this.#tracker.referencesOf(ingress).every((ref) => !isReferable(ref.kind) || this.#referenced[ref.kind].isSettled(ref));
  }

  /** The same list while nothing in it changes: batches may come hundreds of times a second. */
  #listDiagnostics(): readonly Diagnostic[] {
    const { Secret: secrets, ConfigMap: configMaps } = this.#referenced;
    const revision = this.#watched.revision + secrets.revision + configMaps.revision + (this.#namespace?.revision ?? 0);
    if (revision !== this.#listedRevision) {
      this.#diagnostics = [
        ...this.#watched.diagnostics(),
        ...secrets.diagnostics(),
        ...configMaps.diagnostics(),
        ...(this.#namespace?.diagnostics() ?? []),
      ];
    }
    this.#listedRevision = revision;
    return this.#diagnostics;
  }

  #onForbidden(name: string, error: ApiError): void {
    this.#options.listener.onForbidden(name, error);
    this.#watched.forbid(name, error);
    this.#schedule.hold();
  }

  #onAllowed(name: string): void {
    this.#options.listener.onAllowed(name);
    this.#watched.allow(name);
    this.#schedule.hold();
  }

  /** Serves from the file where nothing else is to be had. */
  async #considerSnapshot(): Promise<void> {
    const { snapshotPath, listener } = this.#options;
    if (!this.#mayUseSnapshot || this.#hasDelivered || this.#isLoadingSnapshot || !this.#connection.isFailing) return;
    this.#isLoadingSnapshot = true;
    const snapshot = await readSnapshot(snapshotPath);
    if (this.#hasDelivered || this.#stop.signal.aborted) return;
    if (!snapshot.ok) listener.onSnapshotError(`${snapshotPath} ${snapshot.error}`);
    if (!snapshot.ok || snapshot.value === undefined) return;
    if (snapshot.value.unreadable > 0)
      listener.onSnapshotError(`${snapshotPath} has ${snapshot.value.unreadable} objects that cannot be read`);
    this.#serve(snapshot.value.objects);
  }

  #serve(objects: readonly KubernetesObject[]): void {
    const restored = objects.filter((object) => this.#restore(object));
    this.#tracker.settle();
    this.#tracker.release(() => false);
    // The flags may have been others when the file was written.
    const upserts = restored.filter(({ kind, metadata }) => !isReferable(kind) || this.#referenced[kind].has(metadata));
    this.#served.clear();
    for (const object of upserts) this.#served.set(objectKey(object.kind, object.metadata.namespace, object.metadata.name), object);
    this.#beginServing();
    this.#options.listener.onSnapshotUsed(upserts.length);
    this.#options.onBatch({ changes: { upserts, removals: [] }, diagnostics: this.#listDiagnostics(), noticedAtMs: this.#options.nowMs() });
    this.#firstBatch.resolve(undefined);
    this.#schedule.hold();
  }

  /** Takes an object of the file over, unless the API server has said something newer about it already. */
  #restore(object: KubernetesObject): boolean {
    const { kind, metadata } = object;
    const key = objectKey(kind, metadata.namespace, metadata.name);
    if (this.#pending.has(key)) return false;
    if (isReferable(kind)) this.#referenced[kind].seed(object);
    else {
      const mirror = this.#watched.findUnlisted(object);
      if (mirror === undefined) return false;
      mirror.seed(object);
    }
    this.#served.set(key, object);
    this.#tracker.upsert(object);
    return true;
  }
}

function isReferable(kind: Kind): kind is 'Secret' | 'ConfigMap' {
  return kind === 'Secret' || kind === 'ConfigMap';
}
