// The Kubernetes objects that Portico reads, cut down to the fields that it uses. Parsers in this folder make them from unknown
// data; after that nobody checks again. Defaults of the Kubernetes API are filled in by the parsers.
import type { Origin } from '../model/origin.ts';

/** Labels and annotations are kept where something depends on them: on most objects they are half of the memory. */
export interface ObjectMeta {
  /** Empty for cluster-scoped kinds; `default` where a namespaced object names none. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Milliseconds since the epoch; objects without a time get the same time and are ordered by name. */
  readonly creationTimestampMs: number;
  readonly resourceVersion: string;
}

interface ObjectBase {
  readonly metadata: ObjectMeta;
  /** Where the object was read: file and line of its document for manifests, nothing more for the API server. */
  readonly origin: Origin;
  /**
   * Line of a field of this object, for a diagnostic: `spec.rules[0].host`. Slow (it reads the text again), undefined for objects from
   * the API server. Never called for a good object.
   */
  readonly lineOf?: (field: string) => number | undefined;
}

export interface Ingress extends ObjectBase {
  readonly kind: 'Ingress';
  readonly metadata: ObjectMeta & { readonly annotations: ReadonlyMap<string, string> };
  readonly spec: IngressSpec;
  /** True once deletion was requested. */
  readonly isBeingDeleted: boolean;
  /** `status.loadBalancer.ingress`: where clients are told that it can be reached. Routes do not depend on it. */
  readonly statusAddresses: readonly StatusAddress[];
}

/** One of the two is set, the other empty. */
export interface StatusAddress {
  readonly ip: string;
  readonly hostname: string;
}

export interface IngressSpec {
  readonly ingressClassName: string | undefined;
  readonly defaultBackend: IngressBackend | undefined;
  readonly rules: readonly IngressRule[];
  readonly tls: readonly IngressTls[];
}

export interface IngressRule {
  /** Lower case; empty where the rule names no host. */
  readonly host: string;
  /** Undefined where the rule has no `http`. */
  readonly paths: readonly IngressPath[] | undefined;
}

export interface IngressPath {
  /** `/` where the rule names none. */
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  readonly backend: IngressBackend;
}

export type IngressBackend =
  | { readonly kind: 'service'; readonly name: string; readonly port: ServicePortRef }
  | { readonly kind: 'resource'; readonly apiGroup: string; readonly resourceKind: string; readonly name: string };

/** A Service port as an Ingress names it. */
export type ServicePortRef = { readonly kind: 'number'; readonly number: number } | { readonly kind: 'name'; readonly name: string };

export interface IngressTls {
  /** Lower case. */
  readonly hosts: readonly string[];
  /** Empty: the default certificate. */
  readonly secretName: string;
}

export interface IngressClass extends ObjectBase {
  readonly kind: 'IngressClass';
  readonly controller: string;
  /** Annotation `ingressclass.kubernetes.io/is-default-class: "true"`. */
  readonly isDefault: boolean;
  readonly parameters: { readonly apiGroup: string; readonly kind: string; readonly name: string; readonly namespace: string } | undefined;
}

export interface Service extends ObjectBase {
  readonly kind: 'Service';
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** Empty where there is none; `None` for a headless Service. */
  readonly clusterIP: string;
  readonly externalName: string;
  readonly externalIPs: readonly string[];
  readonly ports: readonly ServicePort[];
  readonly loadBalancerIngress: readonly { readonly ip: string; readonly hostname: string }[];
  /** Whether it wants its clients to stay in their zone. */
  readonly prefersOwnZone: boolean;
}

export interface ServicePort {
  /** Empty where the only port has no name. */
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly targetPort: number | string;
}

export interface EndpointSlice extends ObjectBase {
  readonly kind: 'EndpointSlice';
  /** Of SERVICE_NAME_LABEL; empty where it is missing. */
  readonly serviceName: string;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface EndpointPort {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Undefined: any port. */
  readonly port: number | undefined;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  /** True where the object does not say. */
  readonly ready: boolean;
  /** Zones that it is meant for. */
  readonly hintZones: readonly string[];
}

export interface Secret extends ObjectBase {
  readonly kind: 'Secret';
  readonly type: string;
  /** Decoded. `stringData` of manifests is merged in. */
  readonly data: ReadonlyMap<string, Buffer>;
}

export interface ConfigMap extends ObjectBase {
  readonly kind: 'ConfigMap';
  readonly data: ReadonlyMap<string, string>;
}

export interface Namespace extends ObjectBase {
  readonly kind: 'Namespace';
  readonly metadata: ObjectMeta & { readonly labels: ReadonlyMap<string, string> };
}

export type KubernetesObject = Ingress | IngressClass | Service | EndpointSlice | Secret | ConfigMap | Namespace;
export type Kind = KubernetesObject['kind'];
export type ObjectOfKind<K extends Kind> = Extract<KubernetesObject, { kind: K }>;

/** Identity of an object: `kind NUL namespace NUL name`. Joined, because a template makes a tree of strings that maps would keep. */
export function objectKey(kind: Kind, namespace: string, name: string): string {
  return [kind, namespace, name].join('\0');
}
