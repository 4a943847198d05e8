// --enable-topology-aware-routing: requests stay in the zone of the pod, as far as Service and EndpointSlice ask for it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ask, controllerLog, ingress, ingressClass, openCluster, service, waitForAnswer, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

const ZONE = 'topology.kubernetes.io/zone';
const MODE = 'service.kubernetes.io/topology-mode';

describe('topology-aware routing', () => {
  let rig: ClusterRig;

  beforeEach(async () => {
    rig = await openCluster();
    const far = await rig.startBackend('far');
    rig.api.put(ingressClass());
    rig.api.put(ingress({ host: 'shop.test' }));
    putService('auto');
    // One slice for each, since both are on this machine with ports of their own.
    for (const [name, server, zone] of [['near', rig.backend, 'eu-1a'] as const, ['far', far, 'eu-1b'] as const]) {
      rig.api.put({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [server.host], conditions: { ready: true }, hints: { forZones: [{ name: zone }] } }],
        ports: [{ name: 'http', port: server.port, protocol: 'TCP' }],
      });
    }
  });
  afterEach(() => rig.close());

  function putService(mode: string): void {
    const given = service();
    rig.api.put({ ...given, metadata: { ...given.metadata, annotations: { [MODE]: mode } } });
  }

  function putPlace(podLabels: Readonly<Record<string, string>>, nodeLabels: Readonly<Record<string, string>>): void {
    rig.api.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'portico-1', namespace: 'portico', labels: podLabels },
      spec: { nodeName: 'node-1', containers: [] },
    });
    rig.api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: nodeLabels } });
  }

  const start = (): Promise<Portico> =>
    rig.start({ env: { POD_NAME: 'portico-1', POD_NAMESPACE: 'portico' }, args: ['--enable-topology-aware-routing'] });

  async function backendsOf(portico: Portico): Promise<string> {
    const backends = new Set<string>();
    for (let count = 0; count < 12; count++) backends.add((await ask(portico, 'shop.test')).backend);
    return [...backends].toSorted().join(' ');
  }

  it('keeps to the zone of the node, until the Service asks for it no more', async () => {
    putPlace({}, { [ZONE]: 'eu-1b' });
    const portico = await start();
    assert.equal(await backendsOf(portico), 'far');
    putService('disabled');
    await waitForAnswer(portico, 'shop.test', { backend: 'backend' });
    assert.equal(await backendsOf(portico), 'backend far');
    assert.doesNotMatch(controllerLog(portico), /topology/);
  });

  it('takes the zone of the pod, where it has the label, without a look at the node', async () => {
    putPlace({ [ZONE]: 'eu-1a' }, { [ZONE]: 'eu-1b' });
    assert.equal(await backendsOf(await start()), 'backend');
    assert.deepEqual(
      rig.api.requests.filter(({ resource }) => resource === 'nodes'),
      [],
    );
  });

  it('uses all endpoints where the zone is not known, and says so', async () => {
    const portico = await start();
    assert.equal(await backendsOf(portico), 'backend far');
    const line = /--enable-topology-aware-routing: the pod portico\/portico-1 cannot be read: .*; endpoints of all zones/;
    await waitUntil(
      () => line.test(controllerLog(portico)),
      () => controllerLog(portico),
    );
  });
});
