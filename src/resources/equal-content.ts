// Whether two readings of an object say the same. Where it was read (origin, lineOf) and how often it was written
// (resourceVersion) are no content: a comment added above a document, or a status update, changes nothing that is served.
import { isMap } from './fields.ts';
import type { KubernetesObject } from './objects.ts';

const noContent: ReadonlySet<string> = new Set(['origin', 'lineOf', 'resourceVersion', 'statusAddresses']);

/** Costs a walk over both; parts that are the same value in memory cost nothing. */
export function isEqualContent(left: KubernetesObject, right: KubernetesObject): boolean {
  return left === right || isEqualMap(left, right);
}

/**
 * The later of two readings of an object, with the parts of the earlier one that say the same. Others go on holding the earlier parts, and an
 * Ingress is read again after each write of its status: without this it would be in memory twice.
 */
export function withSharedParts(before: KubernetesObject | undefined, after: KubernetesObject): KubernetesObject {
  if (before?.kind !== 'Ingress' || after.kind !== 'Ingress' || before === after) return after;
  const annotations = shared(before.metadata.annotations, after.metadata.annotations);
  const spec = shared(before.spec, after.spec);
  if (spec === after.spec && annotations === after.metadata.annotations) return after;
  return { ...after, spec, metadata: { ...after.metadata, annotations } };
}

function shared<T>(before: T, after: T): T {
  return isEqual(before, after) ? before : after;
}

function isEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left))
    return Array.isArray(right) && left.length === right.length && left.every((value, index) => isEqual(value, right[index]));
  if (left instanceof Map) {
    if (!(right instanceof Map) || left.size !== right.size) return false;
    for (const [key, value] of left) if (!right.has(key) || !isEqual(value, right.get(key))) return false;
    return true;
  }
  if (Buffer.isBuffer(left)) return Buffer.isBuffer(right) && left.equals(right);
  return isEqualMap(left, right);
}

/** Written without copies: a file whose lines moved compares all its objects. */
function isEqualMap(left: object, right: object): boolean {
  if (!isMap(left) || !isMap(right)) return false;
  let count = 0;
  for (const key in left) {
    if (noContent.has(key)) continue;
    count++;
    if (!isEqual(left[key], right[key])) return false;
  }
  for (const key in right) if (!noContent.has(key)) count--;
  return count === 0;
}
