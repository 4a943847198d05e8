// Which addresses answer for a Service port: the ready endpoints of all its EndpointSlices, or those that are meant for one zone
// (ingress-nginx: `getEndpointsFromSlices`).
import type { Endpoint } from '../model/upstream.ts';
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from '../resources/objects.ts';

export interface EndpointQuery {
  readonly port: ServicePort;
  readonly protocol: 'TCP' | 'UDP';
  /** Of whom only the endpoints with hints for it are wanted; empty: all are. */
  readonly zone: string;
}

/** The zone that the Service wants its clients of this zone to stay in; empty: they need not. */
export function zoneOf({ prefersOwnZone }: Service, ownZone: string): string {
  return prefersOwnZone ? ownZone : '';
}

/**
 * Ready addresses of all slices, each once, in a stable order, so that equal sets are equal rows. With a zone, a slice of which every
 * endpoint has hints gives only those for the zone, and all of them count where there would be none: kube-proxy's safeguard.
 */
export function readyEndpoints(query: EndpointQuery, slices: readonly EndpointSlice[]): readonly Endpoint[] {
  const near = query.zone === '' ? [] : collect(query, slices);
  return near.length > 0 ? near : collect({ ...query, zone: '' }, slices);
}

function collect(query: EndpointQuery, slices: readonly EndpointSlice[]): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue;
    const numbers = portNumbers(query, slice);
    for (const { ready, addresses } of endpointsForZone(slice, query.zone)) {
      if (!ready) continue;
      for (const address of addresses) for (const number of numbers) endpoints.set(`${address} ${number}`, { address, port: number });
    }
  }
  return [...endpoints.values()].sort(compareEndpoints);
}

function endpointsForZone({ endpoints }: EndpointSlice, zone: string): readonly SliceEndpoint[] {
  if (zone === '' || endpoints.some(({ hintZones }) => hintZones.length === 0)) return endpoints;
  return endpoints.filter(({ hintZones }) => hintZones.includes(zone));
}

/** An unnamed Service port takes every port of the slice; a numeric targetPort stands in where the slice has no port of that name. */
function portNumbers({ port, protocol }: EndpointQuery, slice: EndpointSlice): readonly number[] {
  const numbers: number[] = [];
  for (const candidate of slice.ports) {
    const isMeant = port.name === '' || candidate.name === port.name;
    if (candidate.protocol === protocol && isMeant && candidate.port !== undefined) numbers.push(candidate.port);
  }
  if (numbers.length === 0 && typeof port.targetPort === 'number') return [port.targetPort];
  return numbers;
}

function compareEndpoints(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}
