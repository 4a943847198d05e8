// Ingress, networking.k8s.io/v1, checked as the API server does (`pkg/apis/networking/validation`), with two leniencies that users of
// plain manifests need: a host may have upper case letters (it is lower-cased), and pathType and path may be absent.
import { keptList } from '../kit/kept-list.ts';
import type { Fields } from './fields.ts';
import { isBeingDeleted, readMetadata } from './metadata.ts';
import { checkDnsLabel, checkDnsSubdomain, checkHost, checkPortName } from './names.ts';
import type {
  Ingress,
  IngressBackend,
  IngressPath,
  IngressRule,
  IngressSpec,
  IngressTls,
  ServicePortRef,
  StatusAddress,
} from './objects.ts';
import type { Place } from './place.ts';
import { originOf, portRange } from './place.ts';

/** Names the class where `spec.ingressClassName` does not. */
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
const specFields: ReadonlySet<string> = new Set(['ingressClassName', 'defaultBackend', 'rules', 'tls']);
const ruleFields: ReadonlySet<string> = new Set(['host', 'http']);
const httpFields: ReadonlySet<string> = new Set(['paths']);
const pathFields: ReadonlySet<string> = new Set(['path', 'pathType', 'backend']);
const backendFields: ReadonlySet<string> = new Set(['service', 'resource']);
const serviceFields: ReadonlySet<string> = new Set(['name', 'port']);
const portFields: ReadonlySet<string> = new Set(['name', 'number']);
const resourceFields: ReadonlySet<string> = new Set(['apiGroup', 'kind', 'name']);
const tlsFields: ReadonlySet<string> = new Set(['hosts', 'secretName']);

const pathTypes = ['Exact', 'Prefix', 'ImplementationSpecific'] as const;

export function readIngress(object: Fields, place: Place): Ingress {
  object.allowOnly(objectFields);
  const { metadata: identity, annotations } = readMetadata(object, 'namespaced', checkDnsSubdomain);
  const metadata = { ...identity, annotations };
  return {
    kind: 'Ingress',
    metadata,
    ...originOf('Ingress', metadata, place),
    spec: readSpec(object),
    isBeingDeleted: isBeingDeleted(object),
    statusAddresses: readStatusAddresses(object),
  };
}

const noAddresses: readonly StatusAddress[] = [];

/** As written: whoever wrote it, nothing is served by it. */
function readStatusAddresses(object: Fields): readonly StatusAddress[] {
  const points = object.fields('status')?.fields('loadBalancer')?.items('ingress') ?? [];
  return points.length === 0 ? noAddresses : points.map((point) => ({ ip: point.text('ip'), hostname: point.text('hostname') }));
}

function readSpec(object: Fields): IngressSpec {
  const spec = object.requiredFields('spec');
  spec.allowOnly(specFields);
  const ingressClassName = spec.text('ingressClassName', checkDnsSubdomain);
  const defaultBackend = spec.fields('defaultBackend');
  const rules = spec.items('rules').map(readRule);
  if (object.has('spec') && !spec.has('defaultBackend') && rules.length === 0) spec.problem(undefined, 'must have defaultBackend or rules');
  return {
    ingressClassName: ingressClassName === '' ? undefined : ingressClassName,
    defaultBackend: defaultBackend === undefined ? undefined : readBackend(defaultBackend),
    rules,
    tls: keptList(spec.items('tls').map(readTls)),
  };
}

function readRule(rule: Fields): IngressRule {
  rule.allowOnly(ruleFields);
  const host = rule.text('host').toLowerCase();
  const message = host === '' ? undefined : checkHost(host);
  if (message !== undefined) rule.problem('host', message);
  const http = rule.fields('http');
  if (http === undefined) return { host, paths: undefined };
  http.allowOnly(httpFields);
  const paths = http.items('paths').map(readPath);
  if (paths.length === 0) http.problem('paths', 'must have at least one path');
  return { host, paths };
}

function readPath(fields: Fields): IngressPath {
  fields.allowOnly(pathFields);
  const pathType = fields.word('pathType', pathTypes, 'ImplementationSpecific');
  const path = fields.text('path') || '/';
  const message = pathProblem(path, pathType);
  if (message !== undefined) fields.problem('path', message);
  return { path, pathType, backend: readBackend(fields.requiredFields('backend')) };
}

/** `validateHTTPIngressPath`: dot segments, double slashes and encoded slashes are refused where the path is compared by element. */
function pathProblem(path: string, pathType: IngressPath['pathType']): string | undefined {
  if (!path.startsWith('/')) return `must begin with "/", not ${JSON.stringify(path)}`;
  if (pathType === 'ImplementationSpecific') return undefined;
  for (const sequence of ['//', '/./', '/../', '%2f', '%2F']) {
    if (path.includes(sequence)) return `must not contain ${JSON.stringify(sequence)} with pathType ${pathType}`;
  }
  for (const ending of ['/..', '/.']) {
    if (path.endsWith(ending)) return `must not end with ${JSON.stringify(ending)} with pathType ${pathType}`;
  }
  return undefined;
}

function readBackend(backend: Fields): IngressBackend {
  backend.allowOnly(backendFields);
  const hasService = backend.has('service');
  if (hasService === backend.has('resource')) backend.problem(undefined, `must have service or resource${hasService ? ', not both' : ''}`);
  const resource = backend.fields('resource');
  if (resource !== undefined && !hasService) return readResourceBackend(resource);
  const service = backend.fields('service');
  return service === undefined ? { kind: 'service', name: '', port: { kind: 'number', number: 0 } } : readServiceBackend(service);
}

function readServiceBackend(service: Fields): IngressBackend {
  service.allowOnly(serviceFields);
  return { kind: 'service', name: service.requiredText('name', checkDnsLabel), port: readPort(service.requiredFields('port')) };
}

function readPort(port: Fields): ServicePortRef {
  port.allowOnly(portFields);
  const name = port.text('name', checkPortName);
  // Zero is how the API encodes absence.
  const number = port.value('number') === 0 ? undefined : port.integer('number', portRange);
  if (name !== '' && number !== undefined) port.problem(undefined, 'must have name or number, not both');
  if (name === '' && (!port.has('number') || port.value('number') === 0)) port.problem(undefined, 'must have name or number');
  return name === '' ? { kind: 'number', number: number ?? 0 } : { kind: 'name', name };
}

function readResourceBackend(resource: Fields): IngressBackend {
  resource.allowOnly(resourceFields);
  return {
    kind: 'resource',
    apiGroup: resource.text('apiGroup', checkDnsSubdomain),
    resourceKind: resource.requiredText('kind'),
    name: resource.requiredText('name'),
  };
}

function readTls(tls: Fields): IngressTls {
  tls.allowOnly(tlsFields);
  const hosts = tls.texts('hosts', (host) => checkHost(host.toLowerCase())).map((host) => host.toLowerCase());
  return { hosts, secretName: tls.text('secretName', checkDnsSubdomain) };
}
