import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndpointSlice, Service } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import { readyEndpoints, zoneOf } from './ready-endpoints.ts';

function service(annotations: Readonly<Record<string, string>>, trafficDistribution?: string): Service {
  const spec = { ports: [{ port: 80 }], ...(trafficDistribution !== undefined && { trafficDistribution }) };
  const parsed = parseObject({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', annotations }, spec }, {});
  assert.ok(parsed.kind === 'object' && parsed.object.kind === 'Service', JSON.stringify(parsed));
  return parsed.object;
}

/** Endpoints by the last number of their address, with the zones of their hints. */
function slice(name: string, zones: Readonly<Record<number, readonly string[]>>): EndpointSlice {
  const endpoints = Object.entries(zones).map(([last, names]) => ({
    addresses: [`10.0.0.${last}`],
    ...(names.length > 0 && { hints: { forZones: names.map((zone) => ({ name: zone })) } }),
  }));
  const metadata = { name, labels: { 'kubernetes.io/service-name': 'web' } };
  const ports = [{ name: '', port: 8080 }];
  const parsed = parseObject(
    { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints, ports },
    {},
  );
  assert.ok(parsed.kind === 'object' && parsed.object.kind === 'EndpointSlice', JSON.stringify(parsed));
  return parsed.object;
}

describe('endpoints of a zone', () => {
  const [port] = service({}).ports;
  assert.ok(port);
  const chosen = (zone: string, ...slices: readonly EndpointSlice[]): string =>
    readyEndpoints({ port, protocol: 'TCP', zone }, slices)
      .map(({ address }) => address.split('.').at(-1))
      .join(' ');

  it('are those with a hint for it', () => {
    const both = slice('a', { 1: ['eu-1a'], 2: ['eu-1b'], 3: ['eu-1a', 'eu-1b'] });
    assert.equal(chosen('', both), '1 2 3');
    assert.equal(chosen('eu-1a', both), '1 3');
    assert.equal(chosen('eu-1b', both), '2 3');
  });

  it('are all of a slice in which one has no hint', () => {
    assert.equal(chosen('eu-1a', slice('a', { 1: ['eu-1a'], 2: [], 3: ['eu-1b'] }), slice('b', { 4: ['eu-1a'], 5: ['eu-1b'] })), '1 2 3 4');
  });

  it('are all where there would be none', () => {
    assert.equal(chosen('eu-1c', slice('a', { 1: ['eu-1a'], 2: ['eu-1b'] })), '1 2');
  });

  it('are asked for by annotation or by trafficDistribution', () => {
    const mode = 'service.kubernetes.io/topology-mode';
    for (const asking of [
      service({ [mode]: 'auto' }),
      service({ [mode]: 'Auto' }),
      service({}, 'PreferClose'),
      service({}, 'PreferSameZone'),
    ])
      assert.equal(zoneOf(asking, 'eu-1a'), 'eu-1a');
    for (const other of [service({}), service({ [mode]: 'disabled' }), service({}, 'PreferSameNode')])
      assert.equal(zoneOf(other, 'eu-1a'), '');
    assert.equal(zoneOf(service({ [mode]: 'auto' }), ''), '');
  });
});
