import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startApiServer } from '../support/api-server/start-api-server.ts';
import type { ApiServer } from '../support/api-server/start-api-server.ts';
import { runChecks } from './checks.ts';
import type { CheckContext } from './checks.ts';
import { createApiServerSink } from './cluster-sink.ts';
import type { ObjectSink } from './object-sink.ts';

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'front' },
  spec: { ports: [{ port: 80 }] },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
};
const ref = { kind: 'Service', namespace: 'default', name: 'front' };

describe('the API server as the place of objects', () => {
  let api: ApiServer;
  let sink: ObjectSink;
  /** Nothing here asks the controller. */
  const context = (): CheckContext => ({ sink, logMark: 0 }) as CheckContext;
  const noChecks = { health: [], metrics: [], accessLog: [], objects: [], events: [] };

  before(async () => {
    api = await startApiServer();
    api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
    sink = await createApiServerSink(api.kubeconfig());
    await sink.apply(service, 0);
  });
  after(async () => {
    await api.close();
  });

  it('writes the status of an object too, and checks read it', async () => {
    const objects = [{ object: 'Service/default/front', path: 'status.loadBalancer.ingress', value: [{ ip: '192.0.2.1' }] }];
    assert.deepEqual(await runChecks({ ...noChecks, objects }, context()), []);
  });

  it('tells the events about an object that it has written', async () => {
    const uid = (await sink.read?.(ref))?.metadata['uid'];
    const regarding = { kind: 'Service', namespace: 'default', name: 'front', uid };
    api.put({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'default' },
      type: 'Normal',
      reason: 'Sync',
      regarding,
    });
    const events = [{ object: 'Service/default/front', type: 'Normal', reason: 'Sync' }];
    assert.deepEqual(await runChecks({ ...noChecks, events }, context()), []);
  });

  it('leaves nothing behind, and takes nothing after its end', async () => {
    await sink.apply({ ...service, metadata: { name: 'back', namespace: 'new' } }, 0);
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    const metadata = { name: 'ingress-controller-leader', namespace: 'default' };
    api.put({ ...lease, metadata, spec: { holderIdentity: 'portico-0', leaseDurationSeconds: 30 } });
    await sink.close?.();
    assert.deepEqual(api.list('v1', 'Service'), []);
    assert.equal(api.get({ ...lease, ...metadata }), undefined);
    assert.equal(api.get({ apiVersion: 'v1', kind: 'Namespace', name: 'new' }), undefined);
    await assert.rejects(sink.apply(service, 0), /told to end/);
  });
});
