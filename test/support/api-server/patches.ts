// Patches of three kinds: JSON patch (RFC 6902), merge patch (RFC 7386), and as much of strategic merge patches as `kubectl apply` sends for
// the kinds here: lists are replaced as a whole, except the few that are merged by a key.
import { ApiFailure, badRequest } from './api-status.ts';
import type { Json } from './api-object.ts';
import { isJson, isSameJson } from './api-object.ts';

export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const result: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

/** Lists that are merged, with the key of their items. */
const mergeKeys: Readonly<Record<string, string>> = { ports: 'port', subjects: 'name', webhooks: 'name', containers: 'name', env: 'name' };

export function applyStrategicPatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const result: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    const mergeKey = mergeKeys[key];
    if (value === null) delete result[key];
    else if (Array.isArray(value)) {
      result[key] = mergeKey === undefined || !value.every(isJson) ? value : mergeItems(result[key], value, mergeKey);
    } else result[key] = applyStrategicPatch(result[key], value);
  }
  return result;
}

function mergeItems(target: unknown, items: readonly Json[], mergeKey: string): unknown[] {
  const merged: unknown[] = Array.isArray(target) ? [...target] : [];
  for (const item of items) {
    const index = merged.findIndex((candidate) => isJson(candidate) && candidate[mergeKey] === item[mergeKey]);
    if (item['$patch'] === 'delete') {
      if (index !== -1) merged.splice(index, 1);
    } else if (index === -1) merged.push(withoutDirectives(item));
    else merged[index] = applyStrategicPatch(merged[index], item);
  }
  return merged;
}

function withoutDirectives(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$')));
}

export function applyJsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch is a list of operations');
  let result = structuredClone(target);
  for (const operation of operations) {
    if (!isJson(operation)) throw badRequest('an operation of a JSON patch is an object');
    result = applyOperation(result, operation);
  }
  return result;
}

function applyOperation(document: unknown, operation: Json): unknown {
  const { op, path, value } = operation;
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw badRequest('the path of an operation begins with a slash');
  if (path === '') {
    if (op === 'test') return checkTest(document, operation);
    return value;
  }
  const keys = path.slice(1).split('/').map(unescapePointer);
  const last = keys.pop() ?? '';
  const parent = keys.reduce<unknown>((current, key) => childOf(current, key), document);
  switch (op) {
    case 'add':
    case 'replace':
      setChild(parent, last, { value: structuredClone(value), isReplacement: op === 'replace', path });
      return document;
    case 'remove':
      removeChild(parent, last, path);
      return document;
    case 'test':
      checkTest(childOf(parent, last), operation);
      return document;
    default:
      throw badRequest(`the operation ${JSON.stringify(op)} is not supported`);
  }
}

function checkTest(found: unknown, { path, value }: Json): unknown {
  // kube-apiserver answers a failed test with 422.
  if (!isSameJson(found, value))
    throw new ApiFailure(
      422,
      'Invalid',
      `the server rejected our request due to an error in our request: testing value ${String(path)} failed`,
    );
  return found;
}

function childOf(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return parent[Number(key)] as unknown;
  return isJson(parent) ? parent[key] : undefined;
}

function setChild(
  parent: unknown,
  key: string,
  { value, isReplacement, path }: { value: unknown; isReplacement: boolean; path: string },
): void {
  if (isReplacement && childOf(parent, key) === undefined) throw missingPath(path);
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw missingPath(path);
    parent.splice(index, isReplacement ? 1 : 0, value);
  } else if (isJson(parent)) (parent as Record<string, unknown>)[key] = value;
  else throw missingPath(path);
}

function removeChild(parent: unknown, key: string, path: string): void {
  if (childOf(parent, key) === undefined) throw missingPath(path);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isJson(parent)) delete (parent as Record<string, unknown>)[key];
}

function missingPath(path: string): ApiFailure {
  return new ApiFailure(422, 'Invalid', `the server rejected our request due to an error in our request: the path ${path} does not exist`);
}

function unescapePointer(text: string): string {
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
