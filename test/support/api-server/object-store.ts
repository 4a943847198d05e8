// What etcd and the watch cache are to an API server: objects by kind, namespace and name, one counter of versions for all of them, and the
// history of changes that watches begin in. Pure memory, knows nothing of HTTP. Invariant: history holds every change after `#compacted`.
import type { ApiObject } from './api-object.ts';
import type { ResourceKind } from './resource-kinds.ts';

export interface StoredChange {
  readonly revision: number;
  readonly kind: ResourceKind;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
}

/** An object with its text, which is printed once for everybody who asks. */
export class StoredObject {
  readonly object: ApiObject;
  readonly #kind: ResourceKind;
  #itemText: string | undefined;

  constructor(object: ApiObject, kind: ResourceKind) {
    this.object = object;
    this.#kind = kind;
  }

  get kind(): ResourceKind {
    return this.#kind;
  }

  /** As an item of a list: kube-apiserver leaves kind and apiVersion out there. */
  get itemText(): string {
    if (this.#itemText === undefined) {
      const { kind: _kind, apiVersion: _apiVersion, ...rest } = this.object;
      this.#itemText = JSON.stringify(rest);
    }
    return this.#itemText;
  }

  get text(): string {
    const { kind, apiVersion } = this.object;
    return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},${this.itemText.slice(1)}`;
  }
}

export class ObjectStore {
  readonly #objects = new Map<ResourceKind, Map<string, StoredObject>>();
  readonly #listeners = new Set<(change: StoredChange) => void>();
  #history: StoredChange[] = [];
  #revision = 100;
  /** Watches may begin here or later. */
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  get(kind: ResourceKind, namespace: string, name: string): StoredObject | undefined {
    return this.#objects.get(kind)?.get(`${namespace}/${name}`);
  }

  /** In the order of their keys, as etcd gives them. */
  list(kind: ResourceKind, namespace: string): StoredObject[] {
    const entries = [...(this.#objects.get(kind) ?? [])];
    const chosen = namespace === '' ? entries : entries.filter(([key]) => key.startsWith(`${namespace}/`));
    return chosen.sort(([left], [right]) => (left < right ? -1 : 1)).map(([, stored]) => stored);
  }

  all(): StoredObject[] {
    return [...this.#objects.values()].flatMap((objects) => [...objects.values()]);
  }

  /** Stores an object under a new version, which it answers with. */
  put(kind: ResourceKind, object: ApiObject): ApiObject {
    const { namespace = '', name } = object.metadata;
    const key = `${namespace}/${name}`;
    const revision = ++this.#revision;
    const stored = new StoredObject({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }, kind);
    let objects = this.#objects.get(kind);
    if (objects === undefined) this.#objects.set(kind, (objects = new Map()));
    const before = objects.get(key);
    objects.set(key, stored);
    this.#tell({ revision, kind, before, after: stored });
    return stored.object;
  }

  /** Removes an object; answers it with the version of its removal, as watches show it. */
  delete(kind: ResourceKind, namespace: string, name: string): ApiObject | undefined {
    const objects = this.#objects.get(kind);
    const before = objects?.get(`${namespace}/${name}`);
    if (objects === undefined || before === undefined) return undefined;
    objects.delete(`${namespace}/${name}`);
    const revision = ++this.#revision;
    this.#tell({ revision, kind, before, after: undefined });
    return { ...before.object, metadata: { ...before.object.metadata, resourceVersion: String(revision) } };
  }

  /** Changes after that version; undefined where it is too old. */
  changesSince(kind: ResourceKind, revision: number): readonly StoredChange[] | undefined {
    if (revision < this.#compacted) return undefined;
    return this.#history.filter((change) => change.kind === kind && change.revision > revision);
  }

  onChange(listener: (change: StoredChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the history: watches from earlier versions are answered with 410. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.#revision;
  }

  /** As a new, empty etcd whose versions were moved on, so that no old version is taken for a new one. */
  clear({ isRewound }: { readonly isRewound: boolean }): void {
    this.#objects.clear();
    this.#revision = isRewound ? 1 : this.#revision + 1_000_000;
    this.compact();
  }

  #tell(change: StoredChange): void {
    this.#history.push(change);
    if (this.#history.length > 20_000) {
      this.#history.splice(0, 10_000);
      this.#compacted = (this.#history[0]?.revision ?? this.#revision) - 1;
    }
    for (const listener of this.#listeners) listener(change);
  }
}
