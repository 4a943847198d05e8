// All objects as they are now, whatever source they come from. The one mutable copy: sources write to it through `apply`, translation
// reads it as a Snapshot, and what `apply` returns says what has to be translated again. Invariant: the index of slices holds
// exactly the EndpointSlices that are in the store.
import { isEqualContent, withSharedParts } from './equal-content.ts';
import type { EndpointSlice, Kind, KubernetesObject, ObjectOfKind } from './objects.ts';
import type { ObjectChange, Snapshot } from './snapshot.ts';

export interface ObjectRef {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/** What a source found since it last told: each object at most once in upserts. Removals come first. */
export interface ObjectBatch {
  readonly upserts: readonly KubernetesObject[];
  readonly removals: readonly ObjectRef[];
}

/** Namespace, then name. */
type ByName<T> = Map<string, Map<string, T>>;

const noSlices: readonly EndpointSlice[] = [];

export class ResourceStore implements Snapshot {
  readonly #objects: { readonly [K in Kind]: ByName<ObjectOfKind<K>> } = {
    Ingress: new Map(),
    IngressClass: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Secret: new Map(),
    ConfigMap: new Map(),
    Namespace: new Map(),
  };
  /** By namespace and Service, in order of name. A list is replaced, never changed, so that a reader may keep it. */
  readonly #slices: ByName<readonly EndpointSlice[]> = new Map();

  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOfKind<K> | undefined {
    return this.#objects[kind].get(namespace)?.get(name);
  }

  *list<K extends Kind>(kind: K): Iterable<ObjectOfKind<K>> {
    for (const objects of this.#objects[kind].values()) yield* objects.values();
  }

  endpointSlicesOf(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.get(namespace)?.get(service) ?? noSlices;
  }

  count(kind: Kind): number {
    let count = 0;
    for (const objects of this.#objects[kind].values()) count += objects.size;
    return count;
  }

  /**
   * Takes a batch over and tells what really changed. An object that is equal to the one here in all but its origin replaces it (so that
   * later diagnostics name the right line) and is not told.
   */
  apply(batch: ObjectBatch): readonly ObjectChange[] {
    const changes: ObjectChange[] = [];
    for (const { kind, namespace, name } of batch.removals) {
      const before = this.get(kind, namespace, name);
      if (before === undefined) continue;
      this.#remove(before);
      changes.push({ kind, namespace, name, before, after: undefined });
    }
    for (const upsert of batch.upserts) {
      const { kind, metadata } = upsert;
      const before: KubernetesObject | undefined = this.get(kind, metadata.namespace, metadata.name);
      const after = withSharedParts(before, upsert);
      this.#put(after, before);
      if (before !== undefined && isEqualContent(before, after)) continue;
      changes.push({ kind, namespace: metadata.namespace, name: metadata.name, before, after });
    }
    return changes;
  }

  #put(object: KubernetesObject, before: KubernetesObject | undefined): void {
    const { namespace, name } = object.metadata;
    const byNamespace: ByName<KubernetesObject> = this.#objects[object.kind];
    let objects = byNamespace.get(namespace);
    if (objects === undefined) byNamespace.set(namespace, (objects = new Map()));
    objects.set(name, object);
    if (before?.kind === 'EndpointSlice') this.#changeSlices(before, undefined);
    if (object.kind === 'EndpointSlice') this.#changeSlices(undefined, object);
  }

  #remove(object: KubernetesObject): void {
    const { namespace, name } = object.metadata;
    const byNamespace: ByName<KubernetesObject> = this.#objects[object.kind];
    const objects = byNamespace.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) byNamespace.delete(namespace);
    if (object.kind === 'EndpointSlice') this.#changeSlices(object, undefined);
  }

  /** Slices without the label of a Service belong to none and are not in the index. */
  #changeSlices(removed: EndpointSlice | undefined, added: EndpointSlice | undefined): void {
    const slice = added ?? removed;
    if (slice === undefined || slice.serviceName === '') return;
    const { namespace } = slice.metadata;
    let services = this.#slices.get(namespace);
    if (services === undefined) this.#slices.set(namespace, (services = new Map()));
    const others = (services.get(slice.serviceName) ?? noSlices).filter((other) => other !== removed);
    const slices = added === undefined ? others : [...others, added];
    slices.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    if (slices.length > 0) services.set(slice.serviceName, slices);
    else services.delete(slice.serviceName);
    if (services.size === 0) this.#slices.delete(namespace);
  }
}
