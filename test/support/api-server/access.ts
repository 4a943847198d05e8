// Who asks, and whether they may: bearer tokens, client certificates, and RBAC as far as Roles and bindings that are stored say it.
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ApiObject } from './api-object.ts';
import { isJson } from './api-object.ts';
import type { ObjectStore } from './object-store.ts';
import { findByKind } from './resource-kinds.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What is asked, in the terms of RBAC. */
export interface Attributes {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** Plural, with a subresource after a slash. */
  readonly resource: string;
  readonly namespace: string;
  /** Empty for collections. For a list or watch of one name (`metadata.name=`), that name. */
  readonly name: string;
}

const ADMIN_GROUP = 'system:masters';

export class Access {
  readonly #store: ObjectStore;
  readonly #tokens = new Map<string, User>();
  /** `everything`: whoever is known may do all. */
  mode: 'everything' | 'rbac' = 'everything';

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  addToken(token: string, user: User): void {
    this.#tokens.set(token, user);
  }

  revokeToken(token: string): void {
    this.#tokens.delete(token);
  }

  /** Undefined: 401. */
  findUser(request: IncomingMessage): User | undefined {
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    if (scheme.toLowerCase() === 'bearer') return this.#tokens.get(token);
    const socket = request.socket as TLSSocket;
    if (!socket.authorized) return undefined;
    const { subject } = socket.getPeerCertificate();
    const groups = subject.O === undefined ? [] : [subject.O].flat();
    return { name: [subject.CN].flat()[0] ?? '', groups };
  }

  mayDo(user: User, attributes: Attributes): boolean {
    if (this.mode === 'everything' || user.groups.includes(ADMIN_GROUP)) return true;
    // Everybody may ask about themselves (ClusterRole system:basic-user).
    if (attributes.verb === 'create' && attributes.resource.startsWith('selfsubject')) return true;
    // Who asks for a Namespace by its name asks within it (RequestInfo).
    const namespace = attributes.resource === 'namespaces' ? attributes.name : attributes.namespace;
    return this.#bindings(namespace).some((binding) => binds(binding, user) && this.#allows(binding, attributes));
  }

  #bindings(namespace: string): readonly ApiObject[] {
    const own = namespace === '' ? [] : this.#list('RoleBinding', namespace);
    return [...this.#list('ClusterRoleBinding', ''), ...own];
  }

  #allows(binding: ApiObject, attributes: Attributes): boolean {
    const roleRef = binding['roleRef'];
    if (!isJson(roleRef)) return false;
    const kind = findByKind('rbac.authorization.k8s.io/v1', String(roleRef['kind']));
    if (kind === undefined) return false;
    const namespace = kind.isNamespaced ? (binding.metadata.namespace ?? '') : '';
    const rules = this.#store.get(kind, namespace, String(roleRef['name']))?.object['rules'];
    return Array.isArray(rules) && rules.some((rule) => isJson(rule) && allows(rule, attributes));
  }

  #list(kindName: string, namespace: string): readonly ApiObject[] {
    const kind = findByKind('rbac.authorization.k8s.io/v1', kindName);
    return kind === undefined ? [] : this.#store.list(kind, namespace).map(({ object }) => object);
  }
}

function binds(binding: ApiObject, user: User): boolean {
  const subjects = binding['subjects'];
  if (!Array.isArray(subjects)) return false;
  return subjects.filter(isJson).some((subject) => {
    const { kind, name, namespace } = subject;
    if (kind === 'ServiceAccount') return user.name === `system:serviceaccount:${String(namespace)}:${String(name)}`;
    return kind === 'Group' ? user.groups.includes(String(name)) : user.name === name;
  });
}

function allows(rule: Readonly<Record<string, unknown>>, { verb, group, resource, name }: Attributes): boolean {
  const has = (key: string, wanted: string): boolean => {
    const list = rule[key];
    return Array.isArray(list) && (list.includes(wanted) || list.includes('*'));
  };
  const names = rule['resourceNames'];
  const isNamed = !Array.isArray(names) || names.length === 0 || names.includes(name);
  return has('verbs', verb) && has('apiGroups', group) && has('resources', resource) && isNamed;
}
