// API servers as the place where the objects of cases go: the stand-in, one for each controller, or any real one.
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../../src/sources/cluster/api-client.ts';
import { createApiClient } from '../../src/sources/cluster/api-client.ts';
import type { ApiError } from '../../src/sources/cluster/api-error.ts';
import { formatApiError } from '../../src/sources/cluster/api-error.ts';
import { apiResources } from '../../src/sources/cluster/api-resource.ts';
import type { ApiResource, ObjectPath } from '../../src/sources/cluster/api-resource.ts';
import { createCredentials } from '../../src/sources/cluster/credentials.ts';
import { ApiFailure } from '../support/api-server/api-status.ts';
import { startApiServer } from '../support/api-server/start-api-server.ts';
import type { KubernetesObject, ObjectRef } from './kubernetes-object.ts';
import { refKey, refOf } from './kubernetes-object.ts';
import { creationTimestamp, ObjectRefused } from './object-sink.ts';
import type { ObjectEvent, ObjectSink } from './object-sink.ts';
import { PROBE_NAME } from './readiness-probe.ts';

/** What is written last may be seen before what was written first: kinds are watched apart from each other, Secrets are fetched. */
const STAND_IN_SETTLE_MS = 40;
const CLUSTER_SETTLE_MS = 300;
/** What the controllers of cases make beside status and events. */
const CONTROLLER_LEASE = { resource: apiResources.Lease, namespace: 'default', name: 'ingress-controller-leader' } as const;
const STATUS_KINDS: ReadonlySet<string> = new Set(['Ingress', 'Node', 'Pod', 'Service']);
const NAMESPACE_END_MS = 5_000;

export async function createStandInSink(): Promise<ObjectSink> {
  const server = await startApiServer();
  const kubeconfig = server.kubeconfig();
  const stored = new Map<string, KubernetesObject>();
  const remove = async (ref: ObjectRef): Promise<void> => {
    const object = stored.get(refKey(ref));
    stored.delete(refKey(ref));
    const name = object === undefined ? undefined : { apiVersion: object.apiVersion, ...ref };
    if (name !== undefined && server.get(name) !== undefined) server.delete(name);
  };
  return {
    controllerArgs: ['--kubeconfig', kubeconfig],
    settleMs: STAND_IN_SETTLE_MS,
    list: () => [...stored.values()],
    async apply(object, age) {
      const ref = refOf(object);
      const metadata = {
        creationTimestamp: creationTimestamp(age),
        ...object.metadata,
        ...(ref.namespace === '' ? {} : { namespace: ref.namespace }),
      };
      try {
        server.put({ ...object, metadata });
      } catch (error) {
        throw error instanceof ApiFailure || error instanceof RangeError ? new ObjectRefused(error.message) : error;
      }
      stored.set(refKey(ref), { ...object, metadata });
    },
    delete: remove,
    async clear() {
      for (const object of [...stored.values()]) await remove(refOf(object));
    },
    read: async (ref) => {
      const object = stored.get(refKey(ref));
      return object === undefined ? undefined : server.get({ apiVersion: object.apiVersion, ...ref });
    },
    async readEvents(ref) {
      const object = stored.get(refKey(ref));
      const uid = object === undefined ? undefined : server.get({ apiVersion: object.apiVersion, ...ref })?.metadata.uid;
      return eventsAbout(server.list('events.k8s.io/v1', 'Event', ref.namespace), uid);
    },
    close: () => server.close(),
  };
}

export async function createApiServerSink(kubeconfig: string): Promise<ObjectSink> {
  const credentials = await createCredentials({
    kubeconfig,
    apiserverHost: '',
    certificateAuthority: '',
    env: {},
    nowMs: () => performance.now(),
  });
  const client = createApiClient({ credentials, userAgent: 'portico-conformance', fieldManager: 'portico-conformance' });
  const lease = await client.get(CONTROLLER_LEASE, new AbortController().signal);
  return new ApiServerSink(client, { kubeconfig, removesLease: !lease.ok });
}

/** Writes by server-side apply, so that what the controller writes into an object stays its own. */
class ApiServerSink implements ObjectSink {
  readonly controllerArgs: readonly string[];
  readonly settleMs = CLUSTER_SETTLE_MS;
  readonly #client: ApiClient;
  readonly #stored = new Map<string, KubernetesObject>();
  /** Namespaces that were made here, and stay until the end: they cannot be made again while they end. */
  readonly #namespaces = new Set<string>();
  /** Objects that were there before: they are given back as they were. */
  readonly #foreign = new Map<string, unknown>();
  readonly #signal = new AbortController().signal;
  readonly #removesLease: boolean;
  #isClosed = false;
  #lastIngress = { age: -1, second: 0 };

  constructor(client: ApiClient, { kubeconfig, removesLease }: { readonly kubeconfig: string; readonly removesLease: boolean }) {
    this.#client = client;
    this.#removesLease = removesLease;
    this.controllerArgs = ['--kubeconfig', kubeconfig];
  }

  list(): readonly KubernetesObject[] {
    return [...this.#stored.values()];
  }

  async apply(object: KubernetesObject, age: number): Promise<void> {
    if (this.#isClosed) throw new Error('the runner was told to end');
    const ref = refOf(object);
    const path = pathOf(ref, object.apiVersion);
    if (object.metadata['creationTimestamp'] !== undefined) throw new ObjectRefused('it decides itself when an object was created');
    if (ref.namespace !== '') await this.#ensureNamespace(ref.namespace);
    if (!this.#stored.has(refKey(ref))) {
      await this.#rememberForeign(ref, path);
      // Nobody competes with the probe.
      if (ref.kind === 'Ingress' && !ref.name.startsWith(PROBE_NAME)) await this.#waitForOrder(age);
    }
    const { uid: _uid, ...metadata } = object.metadata;
    const applied = { ...object, metadata: { ...metadata, ...(ref.namespace === '' ? {} : { namespace: ref.namespace }) } };
    const result = await this.#client.patch(path, { kind: 'apply', object: applied, force: true }, this.#signal);
    if (!result.ok) throw refusal(result.error, ref);
    await this.#applyStatus(applied, path);
    if (ref.kind === 'Namespace') this.#namespaces.add(ref.name);
    this.#stored.set(refKey(ref), applied);
  }

  async delete(ref: ObjectRef): Promise<void> {
    const object = this.#stored.get(refKey(ref));
    this.#stored.delete(refKey(ref));
    if (object === undefined || ref.kind === 'Namespace') return;
    const before = this.#foreign.get(refKey(ref));
    const path = pathOf(ref, object.apiVersion);
    const result = await this.#client.delete(path, this.#signal);
    if (!result.ok && result.error.status !== 404) throw new Error(`${refKey(ref)} cannot be removed: ${formatApiError(result.error)}`);
    if (before !== undefined) await this.#client.create({ resource: path.resource, namespace: ref.namespace }, before, this.#signal);
  }

  async clear(): Promise<void> {
    for (const object of this.list()) await this.delete(refOf(object));
  }

  async read(ref: ObjectRef): Promise<KubernetesObject | undefined> {
    const object = this.#stored.get(refKey(ref));
    if (object === undefined) return undefined;
    const result = await this.#client.get(pathOf(ref, object.apiVersion), this.#signal);
    return result.ok ? (result.value as KubernetesObject) : undefined;
  }

  async readEvents(ref: ObjectRef): Promise<readonly ObjectEvent[]> {
    const uid = (await this.read(ref))?.metadata['uid'];
    const result = await this.#client.list({ resource: apiResources.Event, namespace: ref.namespace }, this.#signal);
    return result.ok ? eventsAbout(result.value.items, uid) : [];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.clear();
    if (this.#removesLease) await this.#client.delete(CONTROLLER_LEASE, this.#signal);
    for (const name of this.#namespaces) await this.#removeNamespace(name);
    this.#client.close();
  }

  /** The API server gives times in whole seconds, and of two Ingresses of one second the order would be another. */
  async #waitForOrder(age: number): Promise<void> {
    const nowMs = Date.now();
    const isSameSecond = Math.floor(nowMs / 1000) === this.#lastIngress.second;
    if (age > this.#lastIngress.age && isSameSecond) await delay(1_000 - (nowMs % 1_000) + 5);
    this.#lastIngress = { age, second: Math.floor(Date.now() / 1000) };
  }

  /** An API server takes the status of an object by itself only, as from the controller that it belongs to. */
  async #applyStatus(applied: KubernetesObject, path: ObjectPath): Promise<void> {
    const { apiVersion, kind, metadata, status } = applied;
    if (!STATUS_KINDS.has(kind) || status === undefined) return;
    const object = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, status };
    const result = await this.#client.patch({ ...path, subresource: 'status' }, { kind: 'apply', object, force: true }, this.#signal);
    if (!result.ok) throw refusal(result.error, refOf(applied));
  }

  async #ensureNamespace(name: string): Promise<void> {
    if (name === 'default' || this.#namespaces.has(name)) return;
    const result = await this.#client.get(pathOf({ kind: 'Namespace', namespace: '', name }, 'v1'), this.#signal);
    if (result.ok) return;
    const created = await this.#client.create(
      { resource: apiResources.Namespace, namespace: '' },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      this.#signal,
    );
    if (!created.ok) throw new Error(`the namespace ${name} cannot be made: ${formatApiError(created.error)}`);
    this.#namespaces.add(name);
  }

  async #rememberForeign(ref: ObjectRef, path: ObjectPath): Promise<void> {
    if (this.#foreign.has(refKey(ref)) || ref.kind === 'Namespace') return;
    const found = await this.#client.get(path, this.#signal);
    if (!found.ok) return;
    const { metadata, ...rest } = found.value as KubernetesObject;
    const { name, namespace, labels, annotations } = metadata;
    this.#foreign.set(refKey(ref), { ...rest, metadata: { name, namespace, labels, annotations } });
  }

  /** Where no controller looks after namespaces, they would end for ever. Nothing is left in it: everything was removed before. */
  async #removeNamespace(name: string): Promise<void> {
    if (['default', 'kube-system', 'kube-public', 'kube-node-lease'].includes(name)) return;
    const path = pathOf({ kind: 'Namespace', namespace: '', name }, 'v1');
    await this.#client.delete(path, this.#signal);
    const endMs = performance.now() + NAMESPACE_END_MS;
    for (;;) {
      const found = await this.#client.get(path, this.#signal);
      if (!found.ok) return;
      if (performance.now() > endMs) {
        await this.#client.update(
          { ...path, subresource: 'finalize' },
          { ...(found.value as object), spec: { finalizers: [] } },
          this.#signal,
        );
        return;
      }
      await delay(100);
    }
  }
}

/** Of an object that was made again, only what is about the new one. */
function eventsAbout(events: readonly unknown[], uid: unknown): readonly ObjectEvent[] {
  return (events as readonly (ObjectEvent & { readonly regarding?: { readonly uid?: unknown } })[]).filter(
    ({ regarding }) => uid !== undefined && regarding?.uid === uid,
  );
}

function pathOf({ kind, namespace, name }: ObjectRef, apiVersion: string): ObjectPath {
  const known: ApiResource | undefined = Object.values(apiResources).find(
    (resource) => resource.kind === kind && resource.apiVersion === apiVersion,
  );
  if (known === undefined) throw new ObjectRefused(`an API server has no ${kind} (${apiVersion})`);
  return { resource: known, namespace, name };
}

function refusal(error: ApiError, ref: ObjectRef): Error {
  const isRefused = error.status === 422 || error.status === 400;
  return isRefused ? new ObjectRefused(error.message) : new Error(`${refKey(ref)} cannot be written: ${formatApiError(error)}`);
}
