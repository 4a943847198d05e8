// The resources of the Kubernetes API that Portico speaks to, and how their addresses are written (Kubernetes API concepts, "Resource URIs").

export interface ApiResource {
  /** `v1`, `networking.k8s.io/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** As in the address: `ingresses`. */
  readonly plural: string;
  readonly isNamespaced: boolean;
}

export const apiResources = {
  Ingress: namespaced('networking.k8s.io/v1', 'Ingress', 'ingresses'),
  IngressClass: clusterWide('networking.k8s.io/v1', 'IngressClass', 'ingressclasses'),
  Service: namespaced('v1', 'Service', 'services'),
  EndpointSlice: namespaced('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  Secret: namespaced('v1', 'Secret', 'secrets'),
  ConfigMap: namespaced('v1', 'ConfigMap', 'configmaps'),
  Namespace: clusterWide('v1', 'Namespace', 'namespaces'),
  Node: clusterWide('v1', 'Node', 'nodes'),
  Pod: namespaced('v1', 'Pod', 'pods'),
  Lease: namespaced('coordination.k8s.io/v1', 'Lease', 'leases'),
  Event: namespaced('events.k8s.io/v1', 'Event', 'events'),
  SelfSubjectAccessReview: clusterWide('authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews'),
  SelfSubjectReview: clusterWide('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews'),
  ValidatingWebhookConfiguration: clusterWide(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
  ),
} as const satisfies Record<string, ApiResource>;

/** One object, or a subresource of it. */
export interface ObjectPath {
  readonly resource: ApiResource;
  /** Empty for kinds without a namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource?: 'status' | 'finalize';
}

/** The objects of one kind in one namespace or in all. */
export interface Collection {
  readonly resource: ApiResource;
  /** Empty: all namespaces, or a kind that has none. */
  readonly namespace: string;
  /** In the syntax of the API: `metadata.name=shop`. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** True: only kind, apiVersion and metadata of each object come (PartialObjectMetadata); no data leaves the API server. */
  readonly isMetadataOnly?: boolean;
}

/** Path of a collection, without query. */
export function collectionPath({ resource, namespace }: Collection): string {
  const root = resource.apiVersion.includes('/') ? '/apis' : '/api';
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${resource.apiVersion}${scope}/${resource.plural}`;
}

/** Path of an object, without query. */
export function objectPath({ resource, namespace, name, subresource }: ObjectPath): string {
  const path = `${collectionPath({ resource, namespace })}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `ingresses.networking.k8s.io`, as `kubectl` and RBAC rules name it, for messages. */
export function resourceName({ apiVersion, plural }: ApiResource): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? plural : `${plural}.${apiVersion.slice(0, slash)}`;
}

function namespaced(apiVersion: string, kind: string, plural: string): ApiResource {
  return { apiVersion, kind, plural, isNamespaced: true };
}

function clusterWide(apiVersion: string, kind: string, plural: string): ApiResource {
  return { apiVersion, kind, plural, isNamespaced: false };
}
