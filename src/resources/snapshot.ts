// The view of the objects that translation reads. The store implements it; tests may implement it with a plain list.
import type { EndpointSlice, Ingress, Kind, ObjectOfKind } from './objects.ts';

export interface Snapshot {
  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOfKind<K> | undefined;
  /** In no particular order. */
  list<K extends Kind>(kind: K): Iterable<ObjectOfKind<K>>;
  /** Slices labelled with the Service's name, in its namespace. */
  endpointSlicesOf(namespace: string, service: string): readonly EndpointSlice[];
}

/** One object that was added, replaced or removed between two snapshots. */
export interface ObjectChange {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly before: ObjectOfKind<Kind> | undefined;
  readonly after: ObjectOfKind<Kind> | undefined;
}

/** Order in which Ingresses win conflicts: oldest first; equal times by `namespace/name` descending (ingress-nginx). */
export function compareIngressAge(a: Ingress, b: Ingress): number {
  if (a.metadata.creationTimestampMs !== b.metadata.creationTimestampMs) {
    return a.metadata.creationTimestampMs - b.metadata.creationTimestampMs;
  }
  const left = `${a.metadata.namespace}/${a.metadata.name}`;
  const right = `${b.metadata.namespace}/${b.metadata.name}`;
  return left < right ? 1 : left > right ? -1 : 0;
}
