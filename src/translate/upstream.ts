// From a reference to a Service port to the addresses behind it. A row depends on its Service and the EndpointSlices of that Service
// only, never on the routes that use it, so that a change of endpoints touches nothing else.
import { isIP } from 'node:net';
import { assertNever } from '../kit/assert-never.ts';
import type { DiagnosticCode } from '../model/diagnostic-codes.ts';
import type { Origin } from '../model/origin.ts';
import { upstreamKey } from '../model/upstream.ts';
import type { UpstreamTls } from '../model/upstream-tls.ts';
import type { Endpoint, Upstream, UpstreamKey } from '../model/upstream.ts';
import { checkDnsSubdomain } from '../resources/names.ts';
import type { Service, ServicePort, ServicePortRef } from '../resources/objects.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import type { BackendSettings } from './backend-settings.ts';
import type { ObjectName, TranslatorOptions } from './options.ts';
import { readyEndpoints, zoneOf } from './ready-endpoints.ts';

/** What a route or a flag refers to. */
export interface UpstreamRef {
  readonly key: UpstreamKey;
  /** The Service port, whatever is spoken with it: what settings belong to. */
  readonly backend: UpstreamKey;
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  /** `first`: the first port of the Service, whatever it is. */
  readonly port: ServicePortRef | { readonly kind: 'first' };
  /** Undefined: plain TCP. */
  readonly tls: UpstreamTls | undefined;
  /** Set: this is dialled instead of a Service. */
  readonly address?: { readonly host: string; readonly port: number };
}

export interface UpstreamSource {
  readonly ref: UpstreamRef;
  readonly settings: BackendSettings;
}

export interface UpstreamTranslation {
  readonly row: Upstream;
  /** Why there is no endpoint; the users of the upstream get a diagnostic. */
  readonly problem: UpstreamProblem | undefined;
}

export interface UpstreamProblem {
  readonly code: Extract<DiagnosticCode, 'PRT-RULE-3' | 'PRT-RULE-4' | 'PRT-RULE-5' | 'PRT-RULE-6'>;
  readonly message: string;
}

export type ServiceRefParts = Pick<UpstreamRef, 'namespace' | 'service' | 'tls'> & { readonly port: ServicePortRef };

/** The upstream of a rule: named `namespace-service-port` after the port as the rule writes it, as in ingress-nginx. */
export function serviceRef({ namespace, service, port, tls }: ServiceRefParts): UpstreamRef {
  const portName = portText(port);
  const backend = upstreamKey(namespace, service, portName);
  const key = tls === undefined ? backend : upstreamKey(namespace, service, portName, tlsVariant(tls));
  return { key, backend, name: [namespace, service, portName].join('-'), namespace, service, port, tls };
}

/** Every setting, so that connections are never shared between different ones (security reference 1.10). */
function tlsVariant(tls: UpstreamTls): string {
  const { name, sendsServerName, verifies, verifyDepth, ciphers, minVersion, maxVersion, secret } = tls;
  return `tls ${JSON.stringify([name, sendsServerName, verifies, verifyDepth, ciphers, minVersion, maxVersion, secret?.replace('\0', '/')])}`;
}

/** The Service of `--default-backend-service`. */
export function defaultBackendRef({ namespace, name: service }: ObjectName): UpstreamRef {
  const key = upstreamKey(namespace, service, '', 'default-backend');
  return { key, backend: key, name: 'upstream-default-backend', namespace, service, port: { kind: 'first' }, tls: undefined };
}

/** The Service of annotation `default-backend`. */
export function fallbackRef(namespace: string, service: string): UpstreamRef {
  const key = upstreamKey(namespace, service, '', 'custom-default-backend');
  const name = `custom-default-backend-${namespace}-${service}`;
  return { key, backend: key, name, namespace, service, port: { kind: 'first' }, tls: undefined };
}

/** A host that a URL names: what is dialled is the host itself, no Service. `host`: a DNS name or an address. */
export function addressRef(host: string, port: number, tls: UpstreamTls | undefined): UpstreamRef {
  const key = upstreamKey('', host, String(port), tls === undefined ? 'address' : `address ${tlsVariant(tls)}`);
  const portRef: ServicePortRef = { kind: 'number', number: port };
  return { key, backend: key, name: `${host}:${port}`, namespace: '', service: host, port: portRef, tls, address: { host, port } };
}

export function portText(port: ServicePortRef): string {
  return port.kind === 'number' ? String(port.number) : port.name;
}

export type UpstreamOptions = Pick<TranslatorOptions, 'disableSvcExternalName' | 'zone'>;

/** ingress-nginx: `serviceEndpoints` and `getEndpointsFromSlices`. */
export function translateUpstream(source: UpstreamSource, snapshot: Snapshot, options: UpstreamOptions): UpstreamTranslation {
  const { ref } = source;
  if (ref.address !== undefined) return translateAddress(source, ref.address);
  const service = snapshot.get('Service', ref.namespace, ref.service);
  const title = `Service ${ref.namespace}/${ref.service}`;
  const origin: Origin = service?.origin ?? { kind: 'Service', namespace: ref.namespace, name: ref.service };
  if (service === undefined) return withoutEndpoints(source, origin, { code: 'PRT-RULE-3', message: `${title} does not exist` });
  if (service.type === 'ExternalName') return translateExternalName(source, service, title, options.disableSvcExternalName);

  const port = findPort(service, ref.port);
  if (port === undefined) {
    const wanted = ref.port.kind === 'first' ? 'no port' : `no port ${portText(ref.port)}`;
    return withoutEndpoints(source, origin, { code: 'PRT-RULE-4', message: `${title} has ${wanted}` });
  }
  if (source.settings.via === 'cluster-ip' && isIP(service.clusterIP) !== 0) {
    return withEndpoints(source, origin, [{ address: service.clusterIP, port: port.port }]);
  }
  const query = { port, protocol: 'TCP', zone: zoneOf(service, options.zone) } as const;
  const endpoints = readyEndpoints(query, snapshot.endpointSlicesOf(ref.namespace, ref.service));
  if (endpoints.length === 0) return withoutEndpoints(source, origin, { code: 'PRT-RULE-5', message: `${title} has no ready endpoint` });
  return withEndpoints(source, origin, endpoints);
}

/** Names are resolved by the controller. */
function translateAddress(source: UpstreamSource, address: NonNullable<UpstreamRef['address']>): UpstreamTranslation {
  const origin: Origin = { kind: 'URL', namespace: '', name: source.ref.name };
  if (isIP(address.host) !== 0) return withEndpoints(source, origin, [{ address: address.host, port: address.port }]);
  return { row: { ...rowOf(source, origin, []), externalName: { ...address, mayLeadBack: true } }, problem: undefined };
}

/** The first port of which number, targetPort or name is what the rule says. */
function findPort(service: Service, wanted: UpstreamRef['port']): ServicePort | undefined {
  if (wanted.kind === 'first') return service.ports[0];
  const text = portText(wanted);
  return service.ports.find((port) => String(port.port) === text || String(port.targetPort) === text || port.name === text);
}

/** Names are resolved by the controller, for translation does no I/O; addresses are endpoints right away. */
function translateExternalName(source: UpstreamSource, service: Service, title: string, isDisabled: boolean): UpstreamTranslation {
  const { ref } = source;
  const { origin } = service;
  if (isDisabled) {
    const message = `${title} is an ExternalName, which --disable-svc-external-name switches off`;
    return withoutEndpoints(source, origin, { code: 'PRT-RULE-5', message });
  }
  const port = externalPort(service, ref.port);
  if (port === undefined) return withoutEndpoints(source, origin, { code: 'PRT-RULE-4', message: `${title} has no such port` });
  const host = service.externalName.toLowerCase();
  const problem = externalNameProblem(host.replace(/\.$/, ''));
  if (problem !== undefined) {
    return withoutEndpoints(source, origin, {
      code: 'PRT-RULE-6',
      message: `${title} has the externalName ${JSON.stringify(service.externalName)}, ${problem}`,
    });
  }
  if (isIP(host) !== 0) return withEndpoints(source, origin, [{ address: host, port }]);
  return { row: { ...rowOf(source, origin, []), externalName: { host, port } }, problem: undefined };
}

function externalNameProblem(host: string): string | undefined {
  const local = 'which is this machine';
  switch (isIP(host)) {
    case 4:
      return host.startsWith('127.') || host.startsWith('0.') ? local : undefined;
    case 6:
      // Mapped addresses (::ffff:127.0.0.1) and the like only serve to get round the rule for IPv4.
      return /^(::1?|::ffff:.*|[0:]*:0*1?)$/i.test(host) ? local : undefined;
    default:
      if (host === 'localhost' || host.endsWith('.localhost')) return local;
      // A name that is all digits and dots is read as an IPv4 address by resolvers (127.1).
      return checkDnsSubdomain(host) !== undefined || /(^|\.)(0x[0-9a-f]*|\d+)$/.test(host) ? 'which is no DNS name' : undefined;
  }
}

/** Port of the Service that the rule names (its targetPort where that is a number), else the number in the rule itself. */
function externalPort(service: Service, wanted: UpstreamRef['port']): number | undefined {
  const port = findExternalPort(service, wanted);
  if (port !== undefined) return typeof port.targetPort === 'number' ? port.targetPort : port.port;
  return wanted.kind === 'number' ? wanted.number : undefined;
}

function findExternalPort(service: Service, wanted: UpstreamRef['port']): ServicePort | undefined {
  switch (wanted.kind) {
    case 'first':
      return service.ports[0];
    case 'number':
      return service.ports.find((port) => port.port === wanted.number);
    case 'name':
      return service.ports.find((port) => port.name === wanted.name);
    default:
      return assertNever(wanted);
  }
}

function withEndpoints(source: UpstreamSource, origin: Origin, endpoints: readonly Endpoint[]): UpstreamTranslation {
  return { row: rowOf(source, origin, endpoints), problem: undefined };
}

function withoutEndpoints(source: UpstreamSource, origin: Origin, problem: UpstreamProblem): UpstreamTranslation {
  return { row: rowOf(source, origin, []), problem };
}

function rowOf({ ref, settings }: UpstreamSource, origin: Origin, endpoints: readonly Endpoint[]): Upstream {
  const { key, name, tls } = ref;
  const { affinity, loadBalancing } = settings;
  return {
    key,
    name,
    endpoints,
    ...(affinity !== undefined && { affinity }),
    ...(loadBalancing !== undefined && { loadBalancing }),
    ...(tls !== undefined && { tls }),
    origin,
  };
}
