// Server-side apply, good enough for what Portico writes: fields are owned by managers, an apply gives up what it no longer names, and a field
// of another manager with another value is a conflict unless forced. A list is one field (as all lists that Portico writes are atomic in
// the schema: status.loadBalancer.ingress, subjects of no merge).
import { ApiFailure } from './api-status.ts';
import type { ApiObject, Json, ManagedFields } from './api-object.ts';
import { isJson, isSameJson } from './api-object.ts';

export interface ApplyRequest {
  readonly manager: string;
  readonly isForced: boolean;
  readonly subresource: string | undefined;
  readonly time: string;
}

type Path = readonly string[];

/** What identifies an object belongs to nobody. */
const unowned: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'metadata.resourceVersion',
]);

/** The object after the apply, with its `managedFields`. Throws a conflict that names the other managers. */
export function applyServerSide(before: ApiObject, applied: Json, request: ApplyRequest): ApiObject {
  // An empty map says nothing about what is in it.
  const isSilent = (path: Path): boolean => isJson(valueAt(applied, path)) && isJson(valueAt(before, path));
  const wanted = leaves(applied).filter((path) => !unowned.has(path.join('.')) && !isSilent(path));
  const entries = before.metadata.managedFields ?? [];
  const isOwn = (entry: ManagedFields): boolean =>
    entry.manager === request.manager && entry.operation === 'Apply' && entry.subresource === request.subresource;
  const others = entries.filter((entry) => !isOwn(entry));
  const contested = wanted.filter((path) => !isSameJson(valueAt(before, path), valueAt(applied, path)));
  const conflicts = others.filter((entry) => contested.some((path) => owns(entry, path)));
  if (conflicts.length > 0 && !request.isForced) {
    const names = conflicts.map(({ manager }) => `conflict with "${manager}"`).join(', ');
    throw new ApiFailure(409, 'Conflict', `Apply failed with ${conflicts.length} conflict: ${names}`);
  }
  const given = entries.filter(isOwn).flatMap(({ fieldsV1 }) => pathsOf(fieldsV1));
  let result: unknown = before;
  for (const path of given) {
    const isKept = wanted.some((other) => other.join('/') === path.join('/')) || others.some((entry) => owns(entry, path));
    if (!isKept) result = without(result, path);
  }
  for (const path of wanted) result = withValue(result, path, valueAt(applied, path));
  const remaining = others.flatMap((entry) => loseFields(entry, contested));
  const own: ManagedFields = {
    manager: request.manager,
    operation: 'Apply',
    apiVersion: before.apiVersion,
    time: request.time,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf(wanted),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
  return withManagedFields(result as ApiObject, [...remaining, own]);
}

/** Gives a manager the fields that differ after an update. */
export function recordUpdate(before: ApiObject | undefined, after: ApiObject, request: Omit<ApplyRequest, 'isForced'>): ApiObject {
  const changed = leaves(after).filter((path) => path[1] !== 'managedFields' && !isSameJson(valueAt(before, path), valueAt(after, path)));
  const owned = changed.filter(
    (path) => !unowned.has(path.join('.')) && path.join('.') !== 'metadata.generation' && path.join('.') !== 'metadata.creationTimestamp',
  );
  if (owned.length === 0) return withManagedFields(after, before?.metadata.managedFields ?? []);
  const entries = before?.metadata.managedFields ?? [];
  const isOwn = (entry: ManagedFields): boolean =>
    entry.manager === request.manager && entry.operation === 'Update' && entry.subresource === request.subresource;
  const kept = entries.filter(isOwn).flatMap(({ fieldsV1 }) => pathsOf(fieldsV1));
  const own: ManagedFields = {
    manager: request.manager,
    operation: 'Update',
    apiVersion: after.apiVersion,
    time: request.time,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf([...kept.filter((path) => valueAt(after, path) !== undefined), ...owned]),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
  return withManagedFields(after, [...entries.filter((entry) => !isOwn(entry)), own]);
}

function withManagedFields(object: ApiObject, managedFields: readonly ManagedFields[]): ApiObject {
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function leaves(value: unknown, path: Path = []): Path[] {
  if (!isJson(value) || (Object.keys(value).length === 0 && path.length > 0)) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((current, key) => (isJson(current) ? current[key] : undefined), value);
}

function withValue(target: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const map = isJson(target) ? target : {};
  return { ...map, [key]: withValue(map[key], rest, value) };
}

function without(target: unknown, [key, ...rest]: Path): unknown {
  if (!isJson(target) || key === undefined) return target;
  const { [key]: child, ...others } = target;
  if (rest.length === 0) return others;
  const shorter = without(child, rest);
  return isJson(shorter) && Object.keys(shorter).length === 0 ? others : { ...others, [key]: shorter };
}

/** `{"f:spec":{"f:rules":{}}}`. */
function fieldsOf(paths: readonly Path[]): Json {
  let fields: unknown = {};
  for (const path of paths) {
    const named = path.map((key) => `f:${key}`);
    if (valueAt(fields, named) === undefined) fields = withValue(fields, named, {});
  }
  return isJson(fields) ? fields : {};
}

function pathsOf(fields: Json): Path[] {
  return leaves(fields)
    .filter((path) => path.length > 0)
    .map((path) => path.map((key) => key.slice(2)));
}

function owns({ fieldsV1 }: ManagedFields, path: Path): boolean {
  return (
    valueAt(
      fieldsV1,
      path.map((key) => `f:${key}`),
    ) !== undefined
  );
}

function loseFields(entry: ManagedFields, lost: readonly Path[]): ManagedFields[] {
  const gone = new Set(lost.map((path) => path.join('/')));
  const kept = pathsOf(entry.fieldsV1).filter((path) => !gone.has(path.join('/')));
  return kept.length === 0 ? [] : [{ ...entry, fieldsV1: fieldsOf(kept) }];
}
