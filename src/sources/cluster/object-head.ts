// What tells one version of an object from another, read from any object or its metadata alone.
import { isMap } from '../../resources/fields.ts';

export interface ObjectHead {
  /** Empty for kinds without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Undefined for what is no object of an API server. */
export function readHead(object: unknown): ObjectHead | undefined {
  const metadata = isMap(object) ? object['metadata'] : undefined;
  if (!isMap(metadata)) return undefined;
  const { namespace = '', name, uid = '', resourceVersion } = metadata;
  const isHead =
    typeof namespace === 'string' && typeof name === 'string' && typeof uid === 'string' && typeof resourceVersion === 'string';
  return isHead ? { namespace, name, uid, resourceVersion } : undefined;
}

export type ObjectVersion = Pick<ObjectHead, 'uid' | 'resourceVersion'>;

/** Nothing else is held by it. */
export function versionOf({ uid, resourceVersion }: ObjectVersion): ObjectVersion {
  return { uid, resourceVersion };
}

/** True for the same version of the same object only, also after the API server lost its state and counts versions anew. */
export function isSameVersion(known: ObjectVersion | undefined, { uid, resourceVersion }: ObjectVersion): boolean {
  return known?.resourceVersion === resourceVersion && known.uid === uid;
}

/** Identity within one kind. Joined, because a template makes a tree of strings that maps would keep. */
export function headKey({ namespace, name }: Pick<ObjectHead, 'namespace' | 'name'>): string {
  return [namespace, name].join('\0');
}
