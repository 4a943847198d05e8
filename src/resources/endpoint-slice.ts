// EndpointSlice, discovery.k8s.io/v1, checked as `ValidateEndpointSlice` does, except that loopback addresses are allowed: backends
// beside a manifests directory usually run on the same machine.
import { keptList } from '../kit/kept-list.ts';
import type { Fields } from './fields.ts';
import { canonicalAddress, endpointAddressProblem } from './ip-address.ts';
import { readMetadata } from './metadata.ts';
import { checkDnsLabel, checkDnsSubdomain } from './names.ts';
import type { EndpointPort, EndpointSlice, SliceEndpoint } from './objects.ts';
import type { Place } from './place.ts';
import { originOf, portRange } from './place.ts';

/** Says which Service a slice belongs to. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'addressType', 'endpoints', 'ports']);
const portFields: ReadonlySet<string> = new Set(['appProtocol', 'name', 'port', 'protocol']);
const endpointFields: ReadonlySet<string> = new Set([
  'addresses',
  'conditions',
  'deprecatedTopology',
  'hints',
  'hostname',
  'nodeName',
  'targetRef',
  'zone',
]);
const conditionFields: ReadonlySet<string> = new Set(['ready', 'serving', 'terminating']);
const hintFields: ReadonlySet<string> = new Set(['forNodes', 'forZones']);

const addressTypes = ['IPv4', 'IPv6', 'FQDN'] as const;
const protocols = ['TCP', 'UDP', 'SCTP'] as const;
const maxEndpoints = 1000;
const maxAddresses = 100;

type AddressType = EndpointSlice['addressType'];

export function readEndpointSlice(object: Fields, place: Place): EndpointSlice {
  object.allowOnly(objectFields);
  const { metadata, labels } = readMetadata(object, 'namespaced', checkDnsSubdomain);
  if (!object.has('addressType')) object.problem('addressType', 'is required');
  const addressType = object.word('addressType', addressTypes, 'IPv4');
  const endpoints = object.items('endpoints');
  if (endpoints.length > maxEndpoints) object.problem('endpoints', `must have at most ${maxEndpoints} endpoints`);
  return {
    kind: 'EndpointSlice',
    metadata,
    ...originOf('EndpointSlice', metadata, place),
    serviceName: labels.get(SERVICE_NAME_LABEL) ?? '',
    addressType,
    ports: readPorts(object),
    endpoints: endpoints.map((endpoint) => readEndpoint(endpoint, addressType)),
  };
}

function readPorts(object: Fields): readonly EndpointPort[] {
  const names = new Set<string>();
  return object.items('ports').map((fields) => {
    fields.allowOnly(portFields);
    const name = fields.text('name', checkDnsLabel);
    if (names.has(name)) fields.problem('name', name === '' ? 'must be given where a slice has several ports' : `repeats the name ${name}`);
    names.add(name);
    return { name, protocol: fields.word('protocol', protocols, 'TCP'), port: fields.integer('port', portRange) };
  });
}

function readEndpoint(fields: Fields, addressType: AddressType): SliceEndpoint {
  fields.allowOnly(endpointFields);
  const conditions = fields.fields('conditions');
  conditions?.allowOnly(conditionFields);
  checkUnused(fields, conditions);
  return {
    addresses: readAddresses(fields, addressType),
    ready: conditions?.flag('ready') ?? true,
    hintZones: keptList(readHintZones(fields.fields('hints'))),
  };
}

/** What the API checks and nothing here depends on, so it is not kept. */
function checkUnused(fields: Fields, conditions: Fields | undefined): void {
  conditions?.flag('serving');
  conditions?.flag('terminating');
  fields.text('nodeName', checkDnsSubdomain);
  fields.text('zone');
}

function readHintZones(hints: Fields | undefined): readonly string[] {
  hints?.allowOnly(hintFields);
  return hints?.items('forZones').map((zone) => zone.requiredText('name')) ?? [];
}

function readAddresses(fields: Fields, addressType: AddressType): readonly string[] {
  const addresses = fields.texts('addresses', (address) => addressProblem(address, addressType));
  const count = fields.value('addresses');
  if (!Array.isArray(count) || count.length === 0) fields.problem('addresses', 'must have at least one address');
  else if (count.length > maxAddresses) fields.problem('addresses', `must have at most ${maxAddresses} addresses`);
  return addresses.map((address) => (addressType === 'IPv6' ? (canonicalAddress(address, 'IPv6') ?? address) : address));
}

function addressProblem(address: string, addressType: AddressType): string | undefined {
  if (addressType === 'FQDN') return checkDnsSubdomain(address);
  const canonical = canonicalAddress(address, addressType);
  return canonical === undefined
    ? `must be an ${addressType} address, not ${JSON.stringify(address)}`
    : endpointAddressProblem(canonical, addressType);
}
