// Counts who refers to which Secret and ConfigMap, and says when the first one comes and the last one goes. What an object refers to is
// for the caller's functions to say; here is only when to ask them again. Invariant: what an earlier version refers to counts until
// `release`, so that a version that is still served keeps what it needs.
import type { Ingress, KubernetesObject } from '../../resources/objects.ts';
import { objectKey } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { ResourceStore } from '../../resources/store.ts';
import type { ObjectRef } from '../../resources/store.ts';

export interface ReferenceFinder {
  /** What flags name, for as long as the program runs. */
  readonly own: readonly ObjectRef[];
  /** What the controller's ConfigMap names. */
  readonly ofConfig: (snapshot: Snapshot) => readonly ObjectRef[];
  /** Whether an Ingress may be served; depends on its class and namespace, on IngressClasses and Namespaces. */
  readonly isOurs: (ingress: Ingress, snapshot: Snapshot) => boolean;
  /** What an Ingress names; depends on it, on IngressClasses, Namespaces and ConfigMaps. */
  readonly ofIngress: (ingress: Ingress, snapshot: Snapshot) => readonly ObjectRef[];
}

export interface ReferenceListener {
  readonly onFirst: (ref: ObjectRef) => void;
  readonly onLast: (ref: ObjectRef) => void;
}

const CONFIG = 'config';
const none: readonly ObjectRef[] = [];

export class ReferenceTracker {
  readonly #finder: ReferenceFinder;
  readonly #listener: ReferenceListener;
  /** Of the kinds that decide about references, as they are in the API, whether delivered already or not. */
  readonly #store = new ResourceStore();
  /** By object key of the Ingress, or CONFIG. */
  readonly #references = new Map<string, readonly ObjectRef[]>();
  /** What earlier versions refer to, by the same key. */
  readonly #earlier = new Map<string, ObjectRef[]>();
  readonly #counts = new Map<string, number>();
  readonly #dirty = new Map<string, Ingress | undefined>();
  #isAllDirty = true;

  constructor(finder: ReferenceFinder, listener: ReferenceListener) {
    this.#finder = finder;
    this.#listener = listener;
  }

  upsert(object: KubernetesObject): void {
    if (object.kind === 'Service' || object.kind === 'EndpointSlice' || object.kind === 'Secret') return;
    const changes = this.#store.apply({ upserts: [object], removals: [] });
    if (changes.length === 0) return;
    if (object.kind === 'Ingress') this.#dirty.set(objectKey('Ingress', object.metadata.namespace, object.metadata.name), object);
    else this.#isAllDirty = true;
  }

  remove(ref: ObjectRef): void {
    if (this.#store.apply({ upserts: [], removals: [ref] }).length === 0) return;
    if (ref.kind === 'Ingress') this.#dirty.set(objectKey('Ingress', ref.namespace, ref.name), undefined);
    else this.#isAllDirty = true;
  }

  /** Counts what the newest versions refer to. */
  settle(): void {
    if (this.#isAllDirty) {
      for (const ingress of this.#store.list('Ingress')) {
        this.#dirty.set(objectKey('Ingress', ingress.metadata.namespace, ingress.metadata.name), ingress);
      }
      this.#replace(CONFIG, this.#finder.ofConfig(this.#store));
      this.#isAllDirty = false;
    }
    for (const [key, ingress] of this.#dirty) {
      this.#replace(key, ingress === undefined ? none : this.#finder.ofIngress(ingress, this.#store));
    }
    this.#dirty.clear();
  }

  /** Lets go of what earlier versions refer to, but for Ingresses whose newest version is not served yet (by object key). */
  release(isHeld: (key: string) => boolean): void {
    for (const [key, refs] of this.#earlier) {
      if (isHeld(key)) continue;
      this.#earlier.delete(key);
      for (const ref of refs) this.#count(ref, -1);
    }
  }

  /** By the IngressClasses and Namespaces as they are now. */
  isOurs(ingress: Ingress): boolean {
    return this.#finder.isOurs(ingress, this.#store);
  }

  /** As of the last `settle`. */
  referencesOf(ingress: Ingress): readonly ObjectRef[] {
    return this.#references.get(objectKey('Ingress', ingress.metadata.namespace, ingress.metadata.name)) ?? none;
  }

  #replace(key: string, after: readonly ObjectRef[]): void {
    const before = this.#references.get(key) ?? none;
    if (before.length === 0 && after.length === 0) return;
    if (after.length === 0) this.#references.delete(key);
    else this.#references.set(key, after);
    for (const ref of after) this.#count(ref, 1);
    const earlier = this.#earlier.get(key);
    if (earlier === undefined) this.#earlier.set(key, [...before]);
    else earlier.push(...before);
  }

  #count(ref: ObjectRef, difference: number): void {
    const key = objectKey(ref.kind, ref.namespace, ref.name);
    const before = this.#counts.get(key) ?? 0;
    const after = before + difference;
    if (after === 0) this.#counts.delete(key);
    else this.#counts.set(key, after);
    if (before === 0) this.#listener.onFirst(ref);
    else if (after === 0) this.#listener.onLast(ref);
  }
}
