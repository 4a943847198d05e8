// Writing objects with the rules of the API: names and namespaces, optimistic concurrency, generations, the status subresource, and who owns
// which field. Every function throws an `ApiFailure` for what the API refuses.
import { randomBytes, randomUUID } from 'node:crypto';
import { alreadyExists, ApiFailure, badRequest, conflict, invalid, notFound } from './api-status.ts';
import type { ApiMetadata, ApiObject, Json } from './api-object.ts';
import { isJson, isSameJson } from './api-object.ts';
import { toStoredEvent } from './event-form.ts';
import type { ObjectStore } from './object-store.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicPatch } from './patches.ts';
import type { ResourceKind } from './resource-kinds.ts';
import { apiVersionOf, findByKind, storedKind } from './resource-kinds.ts';
import { applyServerSide, recordUpdate } from './server-side-apply.ts';
import { validate } from './validation.ts';

export interface WriteTarget {
  readonly kind: ResourceKind;
  /** Empty for kinds without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: 'status' | undefined;
  readonly manager: string;
  /** True: an object that is created keeps the uid and the creation time that it comes with. */
  readonly keepsIdentity?: boolean;
}

export type PatchForm = 'json' | 'merge' | 'strategic' | 'apply';

export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #nowMs: () => number;

  constructor(store: ObjectStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  create(target: Omit<WriteTarget, 'name'>, body: unknown): ApiObject {
    const given = this.#check(target.kind, body, target.namespace, undefined);
    const kind = storedKind(target.kind);
    const name = given.metadata.name || `${String(given.metadata['generateName'] ?? '')}${randomBytes(3).toString('hex').slice(0, 5)}`;
    if (this.#store.get(kind, target.namespace, name) !== undefined) throw alreadyExists(kind, name);
    this.#checkNamespace(target.namespace);
    if (given.metadata.resourceVersion !== undefined && given.metadata.resourceVersion !== '') {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    const object = this.#withDefaults(kind, {
      ...given,
      metadata: { ...(target.keepsIdentity === true ? given.metadata : withoutIdentity(given.metadata)), name },
    });
    const { status: _, ...withoutStatus } = object;
    return this.#store.put(kind, this.#recorded(undefined, kind.hasStatus ? withoutStatus : object, { ...target, name }));
  }

  update(target: WriteTarget, body: unknown): ApiObject {
    const kind = storedKind(target.kind);
    const before = this.#find(target);
    const given = this.#check(target.kind, body, target.namespace, target.name);
    const { resourceVersion = '', uid } = given.metadata;
    if (uid !== undefined && uid !== before.metadata.uid)
      throw conflict(kind, target.name, 'Precondition failed: UID in precondition does not match');
    if (resourceVersion === '' && kind.kind === 'Lease') {
      throw invalid(kind, target.name, 'metadata.resourceVersion: Invalid value: "": must be specified for an update');
    }
    if (resourceVersion !== '' && resourceVersion !== before.metadata.resourceVersion) throw staleVersion(kind, target.name);
    return this.#replace(target, before, given);
  }

  patch(target: WriteTarget, form: PatchForm, { body, isForced }: { readonly body: unknown; readonly isForced: boolean }): ApiObject {
    const kind = storedKind(target.kind);
    const found = this.#store.get(kind, target.namespace, target.name);
    if (form === 'apply') return this.#apply(target, found?.object, { body, isForced });
    const before = this.#find(target);
    const patched = patchers[form](before, body);
    const given = this.#check(target.kind, patched, target.namespace, target.name);
    if (given.metadata.resourceVersion !== before.metadata.resourceVersion) throw staleVersion(kind, target.name);
    return this.#replace(target, before, given);
  }

  delete({ kind, namespace, name }: Pick<WriteTarget, 'kind' | 'namespace' | 'name'>, preconditions: unknown): ApiObject {
    const stored = storedKind(kind);
    const found = this.#find({ kind, namespace, name });
    const wanted = isJson(preconditions) && isJson(preconditions['preconditions']) ? preconditions['preconditions'] : {};
    if (wanted['uid'] !== undefined && wanted['uid'] !== found.metadata.uid)
      throw conflict(stored, name, 'the UID in the precondition does not match');
    if (wanted['resourceVersion'] !== undefined && wanted['resourceVersion'] !== found.metadata.resourceVersion)
      throw staleVersion(stored, name);
    // The controller of namespaces does this in a cluster.
    if (kind.kind === 'Namespace') {
      for (const { kind: other, object } of this.#store.all())
        if (object.metadata.namespace === name) this.#store.delete(other, name, object.metadata.name);
    }
    return this.#store.delete(stored, namespace, name) ?? found;
  }

  #apply(
    target: WriteTarget,
    found: ApiObject | undefined,
    { body, isForced }: { readonly body: unknown; readonly isForced: boolean },
  ): ApiObject {
    const kind = storedKind(target.kind);
    const given = this.#check(target.kind, body, target.namespace, target.name);
    if (given.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    const request = { manager: target.manager, isForced, subresource: target.subresource, time: this.#time() };
    if (found === undefined) {
      if (target.subresource !== undefined) throw notFound(kind, target.name);
      this.#checkNamespace(target.namespace);
      const empty: ApiObject = {
        apiVersion: given.apiVersion,
        kind: given.kind,
        metadata: { name: target.name, ...(target.namespace === '' ? {} : { namespace: target.namespace }) },
      };
      const created = this.#withDefaults(kind, applyServerSide(empty, onlyPart(given, target), request));
      validate(kind, created);
      return this.#store.put(kind, created);
    }
    const version = given.metadata.resourceVersion;
    if (version !== undefined && version !== found.metadata.resourceVersion) throw staleVersion(kind, target.name);
    const applied = applyServerSide(found, onlyPart(given, target), request);
    return this.#keep(target, found, applied);
  }

  #replace(target: WriteTarget, before: ApiObject, given: ApiObject): ApiObject {
    const merged: ApiObject =
      target.subresource === 'status'
        ? { ...before, status: given['status'] }
        : { ...given, metadata: { ...given.metadata, managedFields: before.metadata.managedFields ?? [] } };
    const kept = keepIdentity(
      before,
      target.subresource === undefined && target.kind.hasStatus ? { ...merged, status: before['status'] } : merged,
    );
    return this.#keep(target, before, this.#recorded(before, kept, target));
  }

  /** Stores what differs; an update that changes nothing makes no new version, as in kube-apiserver. */
  #keep({ kind }: WriteTarget, before: ApiObject, after: ApiObject): ApiObject {
    const stored = storedKind(kind);
    validate(stored, after, before);
    const isSame = isSameJson(withoutBookkeeping(before), withoutBookkeeping(after));
    if (isSame) return before;
    const hasGeneration = before.metadata.generation !== undefined;
    const isNewGeneration = hasGeneration && !isSameJson(before['spec'], after['spec']);
    const generation = isNewGeneration ? { generation: (before.metadata.generation ?? 0) + 1 } : {};
    return this.#store.put(stored, { ...after, metadata: { ...after.metadata, ...generation } });
  }

  #find({ kind, namespace, name }: Pick<WriteTarget, 'kind' | 'namespace' | 'name'>): ApiObject {
    const stored = storedKind(kind);
    const found = this.#store.get(stored, namespace, name);
    if (found === undefined) throw notFound(stored, name);
    return found.object;
  }

  #check(kind: ResourceKind, body: unknown, namespace: string, name: string | undefined): ApiObject {
    if (!isJson(body)) throw badRequest('the body is no object');
    const { apiVersion = apiVersionOf(kind), kind: kindName = kind.kind } = body;
    const metadata = isJson(body['metadata']) ? body['metadata'] : {};
    if (apiVersion !== apiVersionOf(kind) || kindName !== kind.kind) {
      throw badRequest(`${String(kindName)} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${kind.kind}`);
    }
    if (metadata['namespace'] !== undefined && metadata['namespace'] !== '' && metadata['namespace'] !== namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
    if (name !== undefined && metadata['name'] !== undefined && metadata['name'] !== name) {
      throw badRequest(`the name of the object (${String(metadata['name'])}) does not match the name on the URL (${name})`);
    }
    if (typeof metadata['resourceVersion'] === 'number')
      throw badRequest('metadata.resourceVersion: cannot unmarshal number into a string');
    const own: ApiMetadata = {
      ...(metadata as ApiMetadata),
      name: name ?? (typeof metadata['name'] === 'string' ? metadata['name'] : ''),
      ...(namespace === '' ? {} : { namespace }),
    };
    return toStoredEvent({ ...body, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: own });
  }

  #checkNamespace(namespace: string): void {
    const kind = findByKind('v1', 'Namespace');
    if (namespace === '' || kind === undefined || this.#store.get(kind, '', namespace) !== undefined) return;
    throw new ApiFailure(404, 'NotFound', `namespaces "${namespace}" not found`, { details: { name: namespace, kind: 'namespaces' } });
  }

  #withDefaults(kind: ResourceKind, object: ApiObject): ApiObject {
    const { metadata } = object;
    const labels = kind.kind === 'Namespace' ? { labels: { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name } } : {};
    return defaultFields(
      kind,
      this.#withDefaultClass({
        ...object,
        metadata: {
          ...metadata,
          uid: metadata.uid ?? randomUUID(),
          creationTimestamp: metadata.creationTimestamp ?? this.#time(),
          ...(object['spec'] === undefined ? {} : { generation: 1 }),
          ...labels,
        },
      }),
    );
  }

  /** Admission plugin DefaultIngressClass. */
  #withDefaultClass(object: ApiObject): ApiObject {
    const spec = object['spec'];
    const isOpen = object.kind === 'Ingress' && isJson(spec) && spec['ingressClassName'] === undefined;
    if (!isOpen || object.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return object;
    const kind = findByKind('networking.k8s.io/v1', 'IngressClass');
    const classes = kind === undefined ? [] : this.#store.list(kind, '');
    const isDefault = (candidate: ApiObject): boolean =>
      candidate.metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
    const found = classes.find((candidate) => isDefault(candidate.object));
    return found === undefined ? object : { ...object, spec: { ...spec, ingressClassName: found.object.metadata.name } };
  }

  #recorded(before: ApiObject | undefined, after: ApiObject, { kind, manager, subresource }: WriteTarget): ApiObject {
    validate(storedKind(kind), after);
    return recordUpdate(before, after, { manager, subresource, time: this.#time() });
  }

  #time(): string {
    return new Date(this.#nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

function withoutIdentity({ uid: _uid, creationTimestamp: _time, ...metadata }: ApiMetadata): ApiMetadata {
  return metadata;
}

const patchers: Readonly<Record<Exclude<PatchForm, 'apply'>, (before: ApiObject, body: unknown) => unknown>> = {
  json: applyJsonPatch,
  merge: applyMergePatch,
  strategic: applyStrategicPatch,
};

function staleVersion(kind: ResourceKind, name: string): ApiFailure {
  return conflict(kind, name, 'the object has been modified; please apply your changes to the latest version and try again');
}

/** Of an apply to the status subresource only the status counts, and never otherwise. */
function onlyPart({ apiVersion, kind, metadata, status, ...rest }: ApiObject, target: WriteTarget): Json {
  if (target.subresource === 'status') return { apiVersion, kind, metadata: { name: metadata.name }, status };
  const { resourceVersion: _resourceVersion, uid: _uid, ...others } = metadata;
  return { apiVersion, kind, metadata: others, ...rest, ...(target.kind.hasStatus || status === undefined ? {} : { status }) };
}

/** What a client may not change. */
function keepIdentity(before: ApiObject, after: ApiObject): ApiObject {
  const { uid, creationTimestamp, generation } = before.metadata;
  const kept = Object.fromEntries(Object.entries({ uid, creationTimestamp, generation }).filter(([, value]) => value !== undefined));
  return { ...after, metadata: { ...after.metadata, ...kept } };
}

function withoutBookkeeping({ metadata: { managedFields: _managed, resourceVersion: _version, ...metadata }, ...rest }: ApiObject): Json {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...given, metadata };
}

/** Defaults of the API that clients see. */
function defaultFields(kind: ResourceKind, object: ApiObject): ApiObject {
  if (kind.kind === 'Secret') return { type: 'Opaque', ...withDecodedStrings(object) };
  if (kind.kind === 'Namespace') return { ...object, status: { phase: 'Active' } };
  return object;
}

function withDecodedStrings({ stringData, ...secret }: ApiObject): ApiObject {
  if (!isJson(stringData)) return secret;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  return {
    ...(secret as ApiObject),
    data: { ...(isJson(secret['data']) ? secret['data'] : {}), ...(Object.fromEntries(encoded) as Json) },
  };
}
