// Service, v1. Checked as `ValidateService` does for the fields that decide where traffic goes; other fields are only known by name.
import { isIP } from 'node:net';
import { keptList } from '../kit/kept-list.ts';
import type { Fields } from './fields.ts';
import { canonicalAddress } from './ip-address.ts';
import { readMetadata } from './metadata.ts';
import { checkDnsLabel, checkDnsSubdomain, checkPortName } from './names.ts';
import type { Service, ServicePort } from './objects.ts';
import type { Place } from './place.ts';
import { originOf, portRange } from './place.ts';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
const specFields: ReadonlySet<string> = new Set([
  'allocateLoadBalancerNodePorts',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamilyPolicy',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
  'topologyKeys',
  'trafficDistribution',
  'type',
]);
const portFields: ReadonlySet<string> = new Set(['appProtocol', 'name', 'nodePort', 'port', 'protocol', 'targetPort']);

const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
/** PreferSameZone is the newer name of PreferClose. */
const zoneDistributions: ReadonlySet<string> = new Set(['PreferClose', 'PreferSameZone']);

const serviceTypes = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
const protocols = ['TCP', 'UDP', 'SCTP'] as const;

export function readService(object: Fields, place: Place): Service {
  object.allowOnly(objectFields);
  // The API asks for a letter at the beginning of the name, newer versions no longer do; the wider rule reads both.
  const { metadata, annotations } = readMetadata(object, 'namespaced', checkDnsLabel);
  const spec = object.requiredFields('spec');
  spec.allowOnly(specFields);
  const type = spec.word('type', serviceTypes, 'ClusterIP');
  const clusterIP = spec.text('clusterIP', checkClusterIP);
  return {
    kind: 'Service',
    metadata,
    ...originOf('Service', metadata, place),
    type,
    clusterIP: canonicalIfAddress(clusterIP),
    externalName: readExternalName(spec, type),
    externalIPs: keptList(spec.texts('externalIPs', checkAddress).map(canonicalIfAddress)),
    ports: readPorts(spec, object.has('spec') && type !== 'ExternalName' && clusterIP !== 'None'),
    loadBalancerIngress: keptList(readLoadBalancer(object.fields('status'))),
    prefersOwnZone: isZoneMode(annotations.get(TOPOLOGY_MODE) ?? '') || zoneDistributions.has(spec.text('trafficDistribution')),
  };
}

/** The trailing dot of a full name is dropped for the check and kept in the value: it tells the resolver to search no further. */
function readExternalName(spec: Fields, type: Service['type']): string {
  if (type !== 'ExternalName') return spec.text('externalName');
  return spec.requiredText('externalName', (name) => checkDnsSubdomain(name.endsWith('.') ? name.slice(0, -1) : name));
}

function readPorts(spec: Fields, isRequired: boolean): readonly ServicePort[] {
  const items = spec.items('ports');
  if (items.length === 0 && isRequired) spec.problem('ports', 'must have at least one port');
  const names = new Set<string>();
  const numbers = new Set<string>();
  return items.map((item) => {
    const port = readPort(item);
    if (port.name === '' && items.length > 1) item.problem('name', 'is required where a Service has several ports');
    if (port.name !== '' && names.has(port.name)) item.problem('name', `repeats the name ${port.name}`);
    if (numbers.has(`${port.port}/${port.protocol}`)) item.problem('port', `repeats port ${port.port} with protocol ${port.protocol}`);
    names.add(port.name);
    numbers.add(`${port.port}/${port.protocol}`);
    return port;
  });
}

function readPort(fields: Fields): ServicePort {
  fields.allowOnly(portFields);
  fields.text('appProtocol');
  if (!fields.has('port')) fields.problem('port', 'is required');
  const port = fields.integer('port', portRange) ?? 0;
  return {
    name: fields.text('name', checkDnsLabel),
    protocol: fields.word('protocol', protocols, 'TCP'),
    port,
    targetPort: readTargetPort(fields, port),
  };
}

/** Absent, zero and empty mean the same port. */
function readTargetPort(fields: Fields, port: number): number | string {
  const value = fields.value('targetPort');
  if (value === undefined || value === 0 || value === '') return port;
  if (typeof value === 'string') return fields.text('targetPort', checkPortName);
  return fields.integer('targetPort', portRange) ?? port;
}

function readLoadBalancer(status: Fields | undefined): Service['loadBalancerIngress'] {
  const points = status?.fields('loadBalancer')?.items('ingress') ?? [];
  return points.map((point) => ({ ip: canonicalIfAddress(point.text('ip', checkAddress)), hostname: point.text('hostname') }));
}

function checkClusterIP(text: string): string | undefined {
  return text === 'None' ? undefined : checkAddress(text);
}

function checkAddress(text: string): string | undefined {
  return isIP(text) === 0 || text.includes('%') ? 'must be an IP address' : undefined;
}

function isZoneMode(mode: string): boolean {
  return mode.toLowerCase() === 'auto';
}

function canonicalIfAddress(text: string): string {
  return canonicalAddress(text, 'IPv6') ?? text;
}
