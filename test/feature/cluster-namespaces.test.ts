// Which namespaces are served, and with which rights.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import {
  ask,
  controllerLog,
  endpoints,
  ingress,
  ingressClass,
  openCluster,
  readMetric,
  service,
  waitForAnswer,
  waitUntil,
} from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

function namespace(name: string, labels: Record<string, string> = {}): GivenObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

describe('namespaces', () => {
  let rig: ClusterRig;

  beforeEach(async () => {
    rig = await openCluster();
    rig.api.put(ingressClass());
    for (const name of ['one', 'two']) {
      rig.api.put(namespace(name));
      for (const object of [service('web', name), endpoints(rig.backend, 'web', name), ingress({ host: `${name}.test`, namespace: name })])
        rig.api.put(object);
    }
  });
  afterEach(() => rig.close());

  it('--watch-namespace needs no rights outside of the namespace but for IngressClasses', async () => {
    const rules = [
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['patch'] },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: [''], resources: ['namespaces'], resourceNames: ['one'], verbs: ['get'] },
    ];
    const own = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['controller'], verbs: ['get', 'list', 'watch'] }];
    const classes = [{ apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['list', 'watch'] }];
    const group = 'rbac.authorization.k8s.io';
    const grant = (name: string, space: string | undefined, given: readonly object[]): void => {
      const prefix = space === undefined ? 'Cluster' : '';
      const metadata = { name, ...(space === undefined ? {} : { namespace: space }) };
      rig.api.put({ apiVersion: `${group}/v1`, kind: `${prefix}Role`, metadata, rules: given });
      const roleRef = { apiGroup: group, kind: `${prefix}Role`, name };
      const subjects = [{ kind: 'User', name: 'portico', apiGroup: group }];
      rig.api.put({ apiVersion: `${group}/v1`, kind: `${prefix}RoleBinding`, metadata, roleRef, subjects });
    };
    grant('portico', 'one', rules);
    const shared = [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    ];
    grant('portico', 'default', [...own, ...shared]);
    grant('portico', undefined, classes);
    rig.api.setAuthorization('rbac');
    const kubeconfig = rig.api.kubeconfig({ name: 'portico', groups: [] });
    const portico = await rig.start({ kubeconfig, args: ['--watch-namespace', 'one', '--publish-status-address=192.0.2.1'] });
    assert.equal((await ask(portico, 'one.test')).backend, 'backend');
    assert.equal((await ask(portico, 'two.test')).status, 404);
    rig.api.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'controller', namespace: 'default' },
      data: { 'force-ssl-redirect': 'true' },
    });
    await waitForAnswer(portico, 'one.test', { status: 308 });
    const refused = rig.api.requests.filter(({ user, status }) => user === 'portico' && status === 403);
    assert.deepEqual(refused, []);
  });

  it('--watch-namespace tells that the namespace does not exist, until it does', async () => {
    const portico = await rig.start({ args: ['--watch-namespace', 'onn', '--enable-metrics'] });
    const isTold = async (): Promise<boolean> => (await readMetric(portico, 'portico_diagnostics', 'PRT-READ-9').catch(() => 0)) === 1;
    await waitUntil(isTold, () => controllerLog(portico));
    const told = /WARN +PRT-READ-9 missing-namespace: Flag --watch-namespace: there is no namespace onn: nothing is served/;
    await waitUntil(
      () => told.test(portico.output()),
      () => controllerLog(portico),
    );
    for (const object of [service('web', 'onn'), endpoints(rig.backend, 'web', 'onn'), ingress({ host: 'onn.test', namespace: 'onn' })])
      rig.api.put(object);
    await waitForAnswer(portico, 'onn.test', { backend: 'backend' });
    await waitUntil(
      async () => !(await isTold()),
      () => controllerLog(portico),
    );
  });

  it('--watch-namespace tells that nothing is there where it may not ask for the namespace', async () => {
    rig.api.fail({ status: 403, resource: 'namespaces' });
    const isTold = async (portico: Portico): Promise<boolean> =>
      (await readMetric(portico, 'portico_diagnostics', 'PRT-READ-9').catch(() => 0)) === 1;
    const portico = await rig.start({ args: ['--watch-namespace', 'onn', '--enable-metrics'] });
    await waitUntil(
      () => isTold(portico),
      () => controllerLog(portico),
    );
    await waitUntil(
      () => /PRT-READ-9 .* nothing is in the namespace onn, if there is one: nothing is served/.test(portico.output()),
      () => controllerLog(portico),
    );
    rig.api.put(service('web', 'onn'));
    await waitUntil(
      async () => !(await isTold(portico)),
      () => controllerLog(portico),
    );
    const other = await rig.start({ args: ['--watch-namespace', 'one', '--enable-metrics'] });
    await waitForAnswer(other, 'one.test', { backend: 'backend' });
    assert.equal(await isTold(other), false);
  });

  it('--watch-namespace finds the default backend in another namespace', async () => {
    const fallback = await rig.startBackend('fallback');
    rig.api.put(service('fallback', 'two'));
    rig.api.put(endpoints(fallback, 'fallback', 'two'));
    const portico = await rig.start({ args: ['--watch-namespace', 'one', '--default-backend-service', 'two/fallback'] });
    await waitForAnswer(portico, 'unknown.test', { backend: 'fallback' });
    assert.equal((await ask(portico, 'one.test')).backend, 'backend');
  });

  it('--watch-namespace-selector follows the labels of namespaces', async () => {
    rig.api.put(namespace('one', { team: 'shop' }));
    const portico = await rig.start({ args: ['--watch-namespace-selector', 'team=shop'] });
    assert.equal((await ask(portico, 'one.test')).backend, 'backend');
    assert.equal((await ask(portico, 'two.test')).status, 404);
    rig.api.put(namespace('two', { team: 'shop' }));
    await waitForAnswer(portico, 'two.test', { backend: 'backend' });
    rig.api.put(namespace('one'));
    await waitForAnswer(portico, 'one.test', { status: 404 });
  });

  it('without a flag, asks for no Namespaces', async () => {
    const portico = await rig.start();
    await waitUntil(
      async () => (await ask(portico, 'two.test')).backend === 'backend',
      () => controllerLog(portico),
    );
    assert.deepEqual(
      rig.api.requests.filter(({ resource }) => resource === 'namespaces'),
      [],
    );
  });
});
