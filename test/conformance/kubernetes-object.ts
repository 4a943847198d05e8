// Kubernetes objects as the runner writes them: the documents of a case, the Services and EndpointSlices of its backends, Secrets.
import { parseAllDocuments } from 'yaml';
import type { Backend } from './backends/backend-set.ts';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface ObjectRef {
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

const CLUSTER_SCOPED = new Set(['IngressClass', 'Namespace', 'Node', 'PersistentVolume', 'ClusterRole', 'ClusterRoleBinding']);

export function refOf(object: KubernetesObject): ObjectRef {
  const namespace = CLUSTER_SCOPED.has(object.kind) ? '' : (object.metadata.namespace ?? 'default');
  return { kind: object.kind, namespace, name: object.metadata.name };
}

/** `Kind/namespace/name`, or `Kind/name` for cluster-scoped kinds. */
export function parseRef(text: string): ObjectRef {
  const [kind = '', second = '', third] = text.split('/');
  return third === undefined ? { kind, namespace: '', name: second } : { kind, namespace: second, name: third };
}

export function refKey(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** The objects of a multi-document text, placeholders replaced before. Throws for text that is no YAML or no object. */
export function parseManifests(text: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const problem = document.errors[0];
    if (problem !== undefined) throw problem;
    const value = document.toJS() as KubernetesObject | null | undefined;
    return value === null || value === undefined ? [] : [value];
  });
}

/** Service and EndpointSlices of a backend; nothing if it has `service: false`. */
export function backendObjects(backend: Backend): KubernetesObject[] {
  const { spec } = backend;
  if (!spec.service) return [];
  const metadata = { name: spec.name, namespace: spec.namespace };
  const protocol = spec.protocol === 'udp' ? 'UDP' : 'TCP';
  const ready = [...backend.live, ...backend.dead].map((endpoint) => ({ endpoint, isReady: true }));
  const all = [...ready, ...backend.unready.map((endpoint) => ({ endpoint, isReady: false }))];
  const portName = udpPortName(spec.spec) ?? spec.portName;
  const targetPort = spec.targetPort ?? backend.live[0]?.port ?? backend.unready[0]?.port ?? backend.dead[0]?.port ?? spec.port;
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { type: 'ClusterIP', ports: [{ name: portName, port: spec.port, protocol, targetPort }], ...spec.spec },
  };
  return [service, ...all.map(({ endpoint, isReady }, index) => endpointSlice(spec, { endpoint, isReady, index, portName, protocol }))];
}

/** A `spec` that brings its own ports names them too. */
function udpPortName(spec: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const ports = spec?.['ports'] as readonly { readonly name?: string }[] | undefined;
  return ports?.[0]?.name;
}

function endpointSlice(
  spec: Backend['spec'],
  slice: {
    readonly endpoint: { readonly host: string; readonly port: number };
    readonly isReady: boolean;
    readonly index: number;
    readonly portName: string;
    readonly protocol: string;
  },
): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${spec.name}-${slice.index}`,
      namespace: spec.namespace,
      labels: { 'kubernetes.io/service-name': spec.name },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [slice.endpoint.host], conditions: { ready: slice.isReady } }],
    ports: [{ name: slice.portName, port: slice.endpoint.port, protocol: slice.protocol }],
  };
}

export function secretObject(ref: string, type: string, data: Readonly<Record<string, string>>): KubernetesObject {
  const [namespace = 'default', name = ''] = ref.split('/');
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type, data: encoded };
}

export function configMapObject(data: Readonly<Record<string, string>>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'controller', namespace: 'default' }, data: { ...data } };
}

export function namespaceObject(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function ingressClassObject(): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  };
}
