// --tcp-services-configmap and --udp-services-configmap in a cluster: the rights of the chart are enough, entries are judged against the live
// objects, and what there is to say stands on the ConfigMap.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import { ask, controllerLog, endpoints, openCluster, putSite, service, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

const RIGHTS: ReadonlySet<string> = new Set(['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ConfigMap']);
const USER = 'system:serviceaccount:portico:portico';

function configMap(name: string, data: Readonly<Record<string, string>>): GivenObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'portico' }, data };
}

describe('ConfigMaps of TCP and UDP services', () => {
  let rig: ClusterRig;
  let portico: Portico;

  before(async () => {
    rig = await openCluster();
    putSite(rig);
    const text = readFileSync(new URL('../../deploy/manifests/cloud.yaml', import.meta.url), 'utf8');
    const objects = parseAllDocuments(text).map((document) => document.toJS() as GivenObject | null);
    for (const object of objects) if (object !== null && RIGHTS.has(object.kind)) rig.api.put(object);
    rig.api.put(configMap('tcp', { 9000: 'default/web:80', 9001: 'default/late:80' }));
    rig.api.setAuthorization('rbac');
    portico = await rig.start({
      kubeconfig: rig.api.kubeconfig({ name: USER, groups: ['system:serviceaccounts', 'system:authenticated'] }),
      env: { POD_NAME: 'portico-1', POD_NAMESPACE: 'portico' },
      args: [
        '--election-id=portico-leader',
        '--publish-status-address=192.0.2.1',
        '--configmap=portico/portico-controller',
        '--tcp-services-configmap=portico/tcp',
        '--udp-services-configmap=portico/udp',
      ],
    });
  });
  after(() => rig.close());

  const waitForLine = (pattern: RegExp): Promise<void> =>
    waitUntil(
      () => pattern.test(controllerLog(portico)),
      () => `no line ${String(pattern)}\n${controllerLog(portico)}`,
    );

  const notesOf = (name: string): readonly string[] =>
    rig.api.list('events.k8s.io/v1', 'Event').flatMap((event) => {
      const { regarding, note } = event as { readonly regarding?: { readonly name?: string }; readonly note?: string };
      return regarding?.name === name && note !== undefined ? [note] : [];
    });

  const waitForNote = (name: string, pattern: RegExp): Promise<void> =>
    waitUntil(
      () => notesOf(name).some((note) => pattern.test(note)),
      () => `no event ${String(pattern)}: ${JSON.stringify(notesOf(name))}\n${controllerLog(portico)}`,
    );

  it('are judged at the start, with HTTP served beside them', async () => {
    await waitForLine(/PRT-STREAM-6 stream-not-carried: ConfigMap portico\/tcp, data\["9000"\]: .* does not carry TCP traffic/);
    await waitForLine(/PRT-STREAM-3 stream-missing-service: ConfigMap portico\/tcp, data\["9001"\]: Service default\/late does not exist/);
    await waitForLine(/PRT-CONF-4 .*--udp-services-configmap: ConfigMap portico\/udp does not exist/);
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
    assert.doesNotMatch(controllerLog(portico), /PRT-READ-8/);
  });

  it('tell it in events about the ConfigMap', async () => {
    await waitForNote('tcp', /^PRT-STREAM-6: .* \(data\["9000"\]\)$/);
    await waitForNote('tcp', /^PRT-STREAM-3: /);
  });

  it('are followed: ConfigMap, Service, EndpointSlice', async () => {
    rig.api.put(service('late'));
    await waitForLine(/PRT-STREAM-5 .*data\["9001"\]/);
    rig.api.put(endpoints(rig.backend, 'late'));
    await waitForLine(/PRT-STREAM-6 .*data\["9001"\]/);
    rig.api.put(configMap('tcp', { [portico.httpsPort]: 'default/web:80' }));
    await waitForLine(/PRT-STREAM-2 .* is that of --https-port/);
    rig.api.put(configMap('udp', { 53: 'default/web:80' }));
    await waitForLine(/PRT-STREAM-4 .*portico\/udp, .* has no UDP port 80/);
  });
});
