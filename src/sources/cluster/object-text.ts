// Objects back in the form of the API, with the fields that the parsers read: what the snapshot file holds. Invariant: parsing what is
// written here gives the same object.
import { assertNever } from '../../kit/assert-never.ts';
import { SERVICE_NAME_LABEL } from '../../resources/endpoint-slice.ts';
import { DEFAULT_CLASS_ANNOTATION } from '../../resources/ingress-class.ts';
import type {
  ConfigMap,
  EndpointSlice,
  Ingress,
  IngressBackend,
  IngressClass,
  KubernetesObject,
  ObjectMeta,
  Secret,
  Service,
  SliceEndpoint,
} from '../../resources/objects.ts';

type Json = Readonly<Record<string, unknown>>;

/** For `JSON.stringify`, which leaves out what is undefined. */
export function printObject(object: KubernetesObject): Json {
  const metadata = printMetadata(object.metadata);
  switch (object.kind) {
    case 'Ingress':
      return {
        ...printIngress(object),
        metadata: {
          ...metadata,
          annotations: printTexts(object.metadata.annotations),
          deletionTimestamp: object.isBeingDeleted ? EPOCH : undefined,
        },
      };
    case 'IngressClass':
      return { ...printIngressClass(object), metadata: { ...metadata, annotations: object.isDefault ? IS_DEFAULT : undefined } };
    case 'Service':
      return { ...printService(object), metadata };
    case 'EndpointSlice':
      return {
        ...printEndpointSlice(object),
        metadata: { ...metadata, labels: object.serviceName === '' ? undefined : { [SERVICE_NAME_LABEL]: object.serviceName } },
      };
    case 'Secret':
      return { ...printSecret(object), metadata };
    case 'ConfigMap':
      return { ...printConfigMap(object), metadata };
    case 'Namespace':
      return { apiVersion: 'v1', kind: 'Namespace', metadata: { ...metadata, labels: printTexts(object.metadata.labels) } };
    default:
      return assertNever(object);
  }
}

const EPOCH = '1970-01-01T00:00:00Z';
const IS_DEFAULT = { [DEFAULT_CLASS_ANNOTATION]: 'true' };

function printMetadata(metadata: ObjectMeta): Json {
  const { namespace, name, uid, creationTimestampMs, resourceVersion } = metadata;
  return {
    namespace: namespace === '' ? undefined : namespace,
    name,
    uid: orNothing(uid),
    creationTimestamp: new Date(creationTimestampMs).toISOString(),
    resourceVersion: orNothing(resourceVersion),
  };
}

function printTexts(texts: ReadonlyMap<string, string>): Json | undefined {
  return texts.size === 0 ? undefined : Object.fromEntries(texts);
}

function printIngress({ spec, statusAddresses }: Ingress): Json {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    spec: {
      ingressClassName: spec.ingressClassName,
      defaultBackend: spec.defaultBackend === undefined ? undefined : printBackend(spec.defaultBackend),
      rules: spec.rules.map(({ host, paths }) => ({
        host: orNothing(host),
        http: paths === undefined ? undefined : { paths: paths.map((path) => ({ ...path, backend: printBackend(path.backend) })) },
      })),
      tls: spec.tls.map(({ hosts, secretName }) => ({ hosts, secretName: orNothing(secretName) })),
    },
    status: statusAddresses.length === 0 ? undefined : printLoadBalancer(statusAddresses),
  };
}

function printBackend(backend: IngressBackend): Json {
  if (backend.kind === 'resource') {
    return { resource: { apiGroup: orNothing(backend.apiGroup), kind: backend.resourceKind, name: backend.name } };
  }
  const { name, port } = backend;
  return { service: { name, port: port.kind === 'name' ? { name: port.name } : { number: port.number } } };
}

function printIngressClass({ controller, parameters }: IngressClass): Json {
  const printed =
    parameters === undefined
      ? undefined
      : { ...parameters, apiGroup: orNothing(parameters.apiGroup), namespace: orNothing(parameters.namespace) };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', spec: { controller, parameters: printed } };
}

function printService(service: Service): Json {
  const { type, clusterIP, externalName, externalIPs, ports, loadBalancerIngress, prefersOwnZone } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    spec: {
      type,
      clusterIP: orNothing(clusterIP),
      externalName: orNothing(externalName),
      externalIPs,
      ports: ports.map((port) => ({ ...port, name: orNothing(port.name) })),
      trafficDistribution: prefersOwnZone ? 'PreferSameZone' : undefined,
    },
    status: printLoadBalancer(loadBalancerIngress),
  };
}

function printLoadBalancer(points: Service['loadBalancerIngress']): Json {
  return { loadBalancer: { ingress: points.map(({ ip, hostname }) => ({ ip: orNothing(ip), hostname: orNothing(hostname) })) } };
}

function printEndpointSlice({ addressType, ports, endpoints }: EndpointSlice): Json {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType,
    ports: ports.map((port) => ({ ...port, name: orNothing(port.name) })),
    endpoints: endpoints.map(printEndpoint),
  };
}

function printEndpoint({ addresses, ready, hintZones }: SliceEndpoint): Json {
  const hints = hintZones.length === 0 ? undefined : { forZones: hintZones.map((name) => ({ name })) };
  return { addresses, conditions: { ready }, hints };
}

function printSecret({ type, data }: Secret): Json {
  const encoded = Array.from(data, ([key, value]): [string, string] => [key, value.toString('base64')]);
  return { apiVersion: 'v1', kind: 'Secret', type, data: Object.fromEntries(encoded) };
}

function printConfigMap({ data }: ConfigMap): Json {
  return { apiVersion: 'v1', kind: 'ConfigMap', data: Object.fromEntries(data) };
}

function orNothing(text: string): string | undefined {
  return text === '' ? undefined : text;
}
