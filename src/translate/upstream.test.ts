// What the golden tests do not show: names that must not be dialled.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Service } from '../resources/objects.ts';
import type { Snapshot } from '../resources/snapshot.ts';
import { PLAIN_SETTINGS } from './backend-settings.ts';
import { serviceRef, translateUpstream } from './upstream.ts';

function external(externalName: string): ReturnType<typeof translateUpstream> {
  const service: Service = {
    kind: 'Service',
    type: 'ExternalName',
    externalName,
    clusterIP: '',
    externalIPs: [],
    ports: [],
    loadBalancerIngress: [],
    prefersOwnZone: false,
    origin: { kind: 'Service', namespace: 'default', name: 'ext' },
    metadata: {
      namespace: 'default',
      name: 'ext',
      uid: '',
      creationTimestampMs: 0,
      resourceVersion: '',
    },
  };
  const get: Snapshot['get'] = (kind) => (kind === 'Service' ? (service as never) : undefined);
  const snapshot: Snapshot = { get, list: () => [], endpointSlicesOf: () => [] };
  const ref = serviceRef({ namespace: 'default', service: 'ext', port: { kind: 'number', number: 80 }, tls: undefined });
  return translateUpstream({ ref, settings: PLAIN_SETTINGS }, snapshot, { disableSvcExternalName: false, zone: '' });
}

describe('ExternalName Services', () => {
  it('are refused where they mean this machine or no host at all', () => {
    const local = [
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      '127.0.0.1',
      '127.9.9.9',
      '0.0.0.0',
      '::1',
      '::',
      '0:0:0:0:0:0:0:1',
    ];
    const disguised = ['::ffff:127.0.0.1', '::ffff:7f00:1', '127.1', '2130706433', '0x7f000001', '0x7f.1'];
    for (const name of [...local, ...disguised, 'a_b', '-a', 'a..b', '', 'a b', 'a/b', 'a:80']) {
      const { row, problem } = external(name);
      assert.equal(problem?.code, 'PRT-RULE-6', name);
      assert.deepEqual([row.endpoints, row.externalName], [[], undefined], name);
    }
  });

  it('are names to resolve or addresses to dial', () => {
    assert.deepEqual(external('web.example').row.externalName, { host: 'web.example', port: 80 });
    assert.deepEqual(external('web.example.').row.externalName, { host: 'web.example.', port: 80 });
    assert.deepEqual(external('8.8.8.8').row.endpoints, [{ address: '8.8.8.8', port: 80 }]);
    assert.deepEqual(external('2001:db8::1').row.endpoints, [{ address: '2001:db8::1', port: 80 }]);
  });
});
