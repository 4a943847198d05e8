// The rights that the manifests of deploy/ give are enough for everything that a replica does, and it asks for no others.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import { controllerLog, ingress, openCluster, putSite, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';

const granting: ReadonlySet<string> = new Set([
  'Namespace',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
]);
const USER = 'system:serviceaccount:portico:portico';

describe('rights', () => {
  let rig: ClusterRig;

  beforeEach(async () => {
    rig = await openCluster();
    putSite(rig);
  });
  afterEach(() => rig.close());

  for (const file of ['bare-metal.yaml', 'cloud.yaml']) {
    it(`of deploy/manifests/${file} are what is needed`, async () => {
      const text = readFileSync(new URL(`../../deploy/manifests/${file}`, import.meta.url), 'utf8');
      const objects = parseAllDocuments(text).map((document) => document.toJS() as GivenObject | null);
      for (const object of objects) if (object !== null && granting.has(object.kind)) rig.api.put(object);
      rig.api.put({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'portico-1', namespace: 'portico', labels: { app: 'portico' } },
        spec: { nodeName: 'node-1', containers: [] },
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      });
      const addresses = [{ type: 'ExternalIP', address: '203.0.113.1' }];
      rig.api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' }, status: { addresses } });
      rig.api.put({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'portico-controller', namespace: 'portico' },
        spec: { type: 'LoadBalancer', clusterIP: '10.0.0.3', ports: [{ port: 80 }] },
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
      });
      rig.api.put(ingress({ host: 'missing.test', service: 'nobody', secretName: 'nothing' }));
      rig.api.setAuthorization('rbac');

      const publish = file === 'cloud.yaml' ? ['--publish-service=portico/portico-controller'] : [];
      const portico = await rig.start({
        kubeconfig: rig.api.kubeconfig({ name: USER, groups: ['system:serviceaccounts', 'system:authenticated'] }),
        env: { POD_NAME: 'portico-1', POD_NAMESPACE: 'portico' },
        args: ['--election-id=portico-leader', '--configmap=portico/portico-controller', ...publish],
      });
      const hasAll = (): boolean => {
        const shop = rig.api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'shop' });
        const reasons = rig.api.list('events.k8s.io/v1', 'Event').map(({ reason }) => reason);
        const isPublished = JSON.stringify(shop?.['status'] ?? {}).includes('203.0.113.1');
        return isPublished && ['Sync', 'CREATE', 'MissingService', 'MissingSecret'].every((reason) => reasons.includes(reason));
      };
      await waitUntil(hasAll, () => controllerLog(portico));
      rig.api.put(ingress({ host: 'missing.test', service: 'nobody' }));
      await portico.stop();
      const refused = rig.api.requests.filter(({ user, status }) => user === USER && status === 403);
      assert.deepEqual(refused, []);
      const shop = rig.api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'shop' });
      assert.doesNotMatch(JSON.stringify(shop?.['status'] ?? {}), /203/);
    });
  }
});
