// From unknown data to a typed object: finds the parser by kind and apiVersion and sorts the outcomes. Everything that a caller may
// have to say about a document (no object, a kind that is not read, refused fields) is in the answer; nothing throws.
import { readConfigMap } from './config-map.ts';
import { readEndpointSlice } from './endpoint-slice.ts';
import { Fields, isMap, nearestName } from './fields.ts';
import type { Problem, Report } from './fields.ts';
import { readIngress } from './ingress.ts';
import { readIngressClass } from './ingress-class.ts';
import { effectiveNamespace, readIdentity } from './metadata.ts';
import type { ObjectIdentity, Scope } from './metadata.ts';
import { readNamespace } from './namespace.ts';
import type { Kind, KubernetesObject } from './objects.ts';
import type { Place } from './place.ts';
import { readSecret } from './secret.ts';
import { readService } from './service.ts';

export type ParsedObject =
  | { readonly kind: 'object'; readonly object: KubernetesObject; readonly unknownFields: readonly Problem[] }
  /** A kind that is read, with values that the API would refuse (or in a version that it no longer serves). */
  | {
      readonly kind: 'invalid';
      readonly objectKind: Kind;
      readonly identity: ObjectIdentity;
      readonly problems: readonly Problem[];
      readonly unknownFields: readonly Problem[];
    }
  | { readonly kind: 'unknown-kind'; readonly identity: ObjectIdentity; readonly advice: string | undefined }
  | { readonly kind: 'no-object'; readonly problems: readonly Problem[] };

interface KindRow {
  readonly apiVersion: string;
  readonly scope: Scope;
  readonly read: (object: Fields, place: Place) => KubernetesObject;
}

const kindRows: Readonly<Record<Kind, KindRow>> = {
  Ingress: { apiVersion: 'networking.k8s.io/v1', scope: 'namespaced', read: readIngress },
  IngressClass: { apiVersion: 'networking.k8s.io/v1', scope: 'cluster', read: readIngressClass },
  Service: { apiVersion: 'v1', scope: 'namespaced', read: readService },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', scope: 'namespaced', read: readEndpointSlice },
  Secret: { apiVersion: 'v1', scope: 'namespaced', read: readSecret },
  ConfigMap: { apiVersion: 'v1', scope: 'namespaced', read: readConfigMap },
  Namespace: { apiVersion: 'v1', scope: 'cluster', read: readNamespace },
};

const kindNames: ReadonlySet<string> = new Set(Object.keys(kindRows));

/** Groups of the API whose kinds are ours: a known kind in another version of these is a mistake, in any other group another kind. */
const ownGroups: ReadonlySet<string> = new Set(['', 'core', 'extensions', 'networking.k8s.io', 'discovery.k8s.io', 'apps']);

const removedVersions: ReadonlyMap<string, string> = new Map([
  ['extensions/v1beta1 Ingress', 'was removed in Kubernetes 1.22'],
  ['networking.k8s.io/v1beta1 Ingress', 'was removed in Kubernetes 1.22'],
  ['networking.k8s.io/v1beta1 IngressClass', 'was removed in Kubernetes 1.22'],
  ['discovery.k8s.io/v1beta1 EndpointSlice', 'was removed in Kubernetes 1.25'],
]);

/**
 * Parses one object. Defaults of the API are filled in; namespaced objects without a namespace are in `default`.
 *
 * @param place where the object was read; written into its origin.
 */
export function parseObject(value: unknown, place: Place): ParsedObject {
  const { identity, problems } = readIdentity(value);
  const objectKind = findKind(identity.kind);
  // Files of other tools (kustomization.yaml and the like) have a kind, but often no name.
  if (objectKind === undefined && identity.kind !== '' && identity.apiVersion !== '') return unknownKind(identity);
  if (problems.length > 0 || objectKind === undefined || !isMap(value)) return { kind: 'no-object', problems };
  const row = kindRows[objectKind];
  const scoped = { ...identity, namespace: effectiveNamespace(identity.namespace, row.scope) };
  if (identity.apiVersion !== row.apiVersion) {
    if (!ownGroups.has(groupOf(identity.apiVersion))) return unknownKind(identity);
    return { kind: 'invalid', objectKind, identity: scoped, problems: [versionProblem(identity, row.apiVersion)], unknownFields: [] };
  }
  const report: Report = { problems: [], unknownFields: [] };
  const object = row.read(new Fields(value, '', report), place);
  if (report.problems.length === 0) return { kind: 'object', object, unknownFields: report.unknownFields };
  return { kind: 'invalid', objectKind, identity: scoped, problems: report.problems, unknownFields: report.unknownFields };
}

function findKind(name: string): Kind | undefined {
  return Object.hasOwn(kindRows, name) ? (name as Kind) : undefined;
}

function unknownKind(identity: ObjectIdentity): ParsedObject {
  if (identity.kind === 'Endpoints' && identity.apiVersion === 'v1') {
    return { kind: 'unknown-kind', identity, advice: 'endpoints are read from EndpointSlice (discovery.k8s.io/v1)' };
  }
  const near = findKind(identity.kind) === undefined ? nearestName(identity.kind, kindNames) : undefined;
  return { kind: 'unknown-kind', identity, advice: near === undefined ? undefined : `did you mean ${near}?` };
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

function versionProblem(identity: ObjectIdentity, wanted: string): Problem {
  const removed = removedVersions.get(`${identity.apiVersion} ${identity.kind}`);
  const newForm = removed !== undefined && identity.kind === 'Ingress' ? ' and backends as service.name and service.port' : '';
  const reason = removed === undefined ? `has no ${identity.kind}` : `${removed} for ${identity.kind}`;
  return { field: 'apiVersion', message: `${identity.apiVersion} ${reason}; write ${wanted}${newForm}` };
}
