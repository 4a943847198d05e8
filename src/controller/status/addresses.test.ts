import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseObject } from '../../resources/parse-object.ts';
import type { Service } from '../../resources/objects.ts';
import { addressesOf, areSameAddresses, nodeAddress, sortAddresses } from './addresses.ts';

function service(spec: object, ingress: readonly object[] = []): Service {
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'lb' }, spec, status: { loadBalancer: { ingress } } };
  const parsed = parseObject(object, {});
  assert.ok(parsed.kind === 'object' && parsed.object.kind === 'Service', JSON.stringify(parsed));
  return parsed.object;
}

const ports = [{ port: 80 }];
const ip = (address: string) => ({ ip: address, hostname: '' });
const host = (hostname: string) => ({ ip: '', hostname });

describe('addresses of a Service', () => {
  it('are what its type says', () => {
    const clusterIP = '10.96.0.9';
    const externalIPs = ['203.0.113.9'];
    const points = [{ ip: '203.0.113.1' }, { hostname: 'lb.example.test' }];
    assert.deepEqual(addressesOf(service({ type: 'ClusterIP', clusterIP, externalIPs, ports })), [ip(clusterIP)]);
    assert.deepEqual(addressesOf(service({ type: 'ClusterIP', clusterIP: 'None', ports })), []);
    assert.deepEqual(addressesOf(service({ type: 'NodePort', clusterIP, externalIPs, ports })), [ip('203.0.113.9')]);
    assert.deepEqual(addressesOf(service({ type: 'NodePort', clusterIP, ports })), [ip(clusterIP)]);
    const balanced = service({ type: 'LoadBalancer', clusterIP, externalIPs, ports }, points);
    assert.deepEqual(addressesOf(balanced), [ip('203.0.113.1'), host('lb.example.test'), ip('203.0.113.9')]);
    assert.deepEqual(addressesOf(service({ type: 'LoadBalancer', clusterIP, ports })), []);
    assert.deepEqual(addressesOf(service({ type: 'ExternalName', externalName: 'lb.example.test' })), [host('lb.example.test')]);
  });
});

describe('addresses of a node', () => {
  const node = {
    status: {
      addresses: [
        { type: 'Hostname', address: 'n' },
        { type: 'InternalIP', address: '10.1.0.1' },
        { type: 'ExternalIP', address: '192.0.2.1' },
      ],
    },
  };

  it('are the external one, or the internal one where there is none or it is preferred', () => {
    assert.equal(nodeAddress(node, false), '192.0.2.1');
    assert.equal(nodeAddress(node, true), '10.1.0.1');
    assert.equal(nodeAddress({ status: { addresses: node.status.addresses.slice(0, 2) } }, false), '10.1.0.1');
    assert.equal(nodeAddress({ status: { addresses: [{ type: 'ExternalIP', address: '192.0.2.1' }] } }, true), undefined);
    assert.equal(nodeAddress({}, false), undefined);
  });
});

describe('lists of addresses', () => {
  it('are sorted, and each address is there once', () => {
    assert.deepEqual(sortAddresses([host('b.test'), ip('192.0.2.1'), host('a.test'), ip('192.0.2.1')]), [
      ip('192.0.2.1'),
      host('a.test'),
      host('b.test'),
    ]);
  });

  it('are the same in any order, and not where one repeats', () => {
    const [a, b] = [ip('192.0.2.1'), ip('192.0.2.2')];
    assert.equal(areSameAddresses([a, b], [b, a]), true);
    assert.equal(areSameAddresses([], []), true);
    assert.equal(areSameAddresses([a], [b]), false);
    assert.equal(areSameAddresses([a, a], [a, b]), false);
    assert.equal(areSameAddresses([a, b], [a]), false);
  });
});
