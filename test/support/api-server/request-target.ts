// What the path and method of a request mean: which kind, namespace, object, subresource and verb.
import type { Attributes } from './access.ts';
import { findByPlural } from './resource-kinds.ts';
import type { ResourceKind } from './resource-kinds.ts';

export interface RequestTarget {
  readonly kind: ResourceKind;
  /** Empty: all, or a kind without one. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
  readonly verb: string;
}

/** Undefined for a path that leads to no resource. */
export function parseTarget(method: string, url: URL): RequestTarget | undefined {
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const [group = '', version = '', ...rest] = isCore ? ['', ...parts.slice(1)] : parts.slice(1);
  // A Namespace itself stands where other objects have their namespace.
  const hasNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status';
  const [plural = '', name = '', subresource = ''] = hasNamespace ? rest.slice(2) : rest;
  const kind = findByPlural(group, version, plural);
  if (kind === undefined) return undefined;
  const query = url.searchParams;
  return { kind, namespace: hasNamespace ? (rest[1] ?? '') : '', name, subresource, query, verb: verbOf(method, name, query) };
}

/** In the terms of RBAC. */
export function attributesOf({ kind, namespace, name, subresource, query, verb }: RequestTarget): Attributes {
  const byName = /^metadata\.name=([^,]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
  return {
    verb,
    group: kind.group,
    resource: subresource === '' ? kind.plural : `${kind.plural}/${subresource}`,
    namespace,
    name: name === '' ? byName : name,
  };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
      if (['1', 'true'].includes(query.get('watch') ?? '')) return 'watch';
      return name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    default:
      return name === '' ? 'deletecollection' : 'delete';
  }
}
