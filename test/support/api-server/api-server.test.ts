import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createApiClient } from '../../../src/sources/cluster/api-client.ts';
import type { ApiClient, ApiResult } from '../../../src/sources/cluster/api-client.ts';
import { apiResources } from '../../../src/sources/cluster/api-resource.ts';
import { createCredentials } from '../../../src/sources/cluster/credentials.ts';
import type { ApiObject } from './api-object.ts';
import { startApiServer } from './start-api-server.ts';
import type { ApiServer, GivenObject } from './start-api-server.ts';

const { signal } = new AbortController();

describe('the stand-in API server', () => {
  let api: ApiServer;
  const clients: ApiClient[] = [];
  const connect = async (kubeconfig: string, fieldManager = 'test'): Promise<ApiClient> => {
    const credentials = await createCredentials({
      kubeconfig,
      apiserverHost: '',
      certificateAuthority: '',
      env: {},
      nowMs: () => performance.now(),
    });
    const client = createApiClient({ credentials, userAgent: 'test', fieldManager });
    clients.push(client);
    return client;
  };
  before(async () => {
    api = await startApiServer();
    api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  });
  after(async () => {
    for (const client of clients) client.close();
    await api.close();
  });

  it('refuses to apply a field that another manager has set otherwise, unless forced, and takes given up fields away', async () => {
    const path = { resource: apiResources.ConfigMap, namespace: 'default', name: 'shared' };
    const config = (data: Readonly<Record<string, string>>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'shared' },
      data,
    });
    const [first, second] = [await connect(api.kubeconfig(), 'first'), await connect(api.kubeconfig(), 'second')];
    const data = (): unknown => api.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'shared' })?.['data'];
    assert.ok((await first.patch(path, { kind: 'apply', object: config({ a: '1', b: '1' }), force: false }, signal)).ok);
    assert.ok((await second.patch(path, { kind: 'apply', object: config({ c: '2' }), force: false }, signal)).ok);
    assert.deepEqual(data(), { a: '1', b: '1', c: '2' });
    assert.deepEqual(refusalOf(await second.patch(path, { kind: 'apply', object: config({ a: '2', c: '2' }), force: false }, signal)), [
      409,
      'Conflict',
    ]);
    assert.ok((await second.patch(path, { kind: 'apply', object: config({ a: '2' }), force: true }, signal)).ok);
    assert.deepEqual(data(), { a: '2', b: '1' });
    assert.ok((await first.patch(path, { kind: 'apply', object: config({}), force: false }, signal)).ok);
    assert.deepEqual(data(), { a: '2' }, 'what the other manager owns now stays');
  });

  it('takes times of Leases and Events with six digits only, and asks for what an Event must have', async () => {
    const client = await connect(api.kubeconfig());
    const lease = (renewTime: string) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'leader' },
      spec: { leaseDurationSeconds: 30, renewTime },
    });
    const leases = { resource: apiResources.Lease, namespace: 'default' };
    assert.equal(refusalOf(await client.create(leases, lease('2026-01-01T00:00:00.123Z'), signal))[0], 400);
    assert.ok((await client.create(leases, lease('2026-01-01T00:00:00.123456Z'), signal)).ok);
    const unversioned = await client.update({ ...leases, name: 'leader' }, lease('2026-01-01T00:00:01.123456Z'), signal);
    assert.deepEqual(refusalOf(unversioned), [422, 'Invalid']);
    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'shop.1' },
      eventTime: '2026-01-01T00:00:00.123456Z',
      type: 'Normal',
      reason: 'Sync',
      reportingController: 'test',
      reportingInstance: 'test-0',
      regarding: { kind: 'Ingress', namespace: 'default', name: 'shop' },
      note: 'said',
    };
    const events = { resource: apiResources.Event, namespace: 'default' };
    assert.deepEqual(refusalOf(await client.create(events, event, signal)), [422, 'Invalid'], 'action is missing');
    assert.ok((await client.create(events, { ...event, action: 'Sync' }, signal)).ok);
    const path = { ...events, name: 'shop.1' };
    const series = (count: number) => ({ series: { count, lastObservedTime: '2026-01-01T00:00:01.000000Z' } });
    for (const object of [{ note: 'else' }, { reportingInstance: 'test-1' }, series(1)]) {
      assert.deepEqual(refusalOf(await client.patch(path, { kind: 'merge', object }, signal)), [422, 'Invalid'], JSON.stringify(object));
    }
    assert.ok((await client.patch(path, { kind: 'merge', object: series(2) }, signal)).ok);
    for (const wrong of [
      { note: 'ü'.repeat(513) },
      { reason: 'x'.repeat(129) },
      { reportingController: 'a b' },
      { metadata: { name: 'shop-.1' } },
    ]) {
      const refused = await client.create(events, { ...event, action: 'Sync', metadata: { name: 'shop.2' }, ...wrong }, signal);
      assert.deepEqual(refusalOf(refused), [422, 'Invalid'], JSON.stringify(wrong));
    }
    const core = await client.getPath('/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dshop', signal);
    assert.match(JSON.stringify(core), /"message":"said"/, 'the same events in the form of the core group');
  });

  it('shows a watch with a selector what comes into it as added and what leaves it as deleted', async () => {
    const client = await connect(api.kubeconfig());
    const pod = (labels: Readonly<Record<string, string>>): GivenObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels },
    });
    const { metadata } = api.put(pod({}));
    const seen: string[] = [];
    const stop = new AbortController();
    const watching = client.watch(
      { resource: apiResources.Pod, namespace: '', labelSelector: 'app=web' },
      {
        resourceVersion: metadata.resourceVersion ?? '',
        timeoutSeconds: 30,
        onEvent: (type) => (seen.push(type) === 3 ? stop.abort() : undefined),
      },
      stop.signal,
    );
    api.put(pod({ app: 'web' }));
    api.put(pod({ app: 'web', more: 'yes' }));
    api.put(pod({ app: 'other' }));
    await watching;
    assert.deepEqual(seen, ['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('makes no version of a change that changes nothing, and a generation of a change of the spec only', async () => {
    const object = (host: string, note: string): GivenObject => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'versions', annotations: { note } },
      spec: { rules: [{ host }] },
    });
    const versionOf = ({ metadata }: ApiObject) => [metadata.resourceVersion, metadata.generation] as const;
    const first = versionOf(api.put(object('a.test', 'one')));
    assert.deepEqual(versionOf(api.put(object('a.test', 'one'))), first);
    const [annotated] = [versionOf(api.put(object('a.test', 'two')))];
    assert.notEqual(annotated[0], first[0]);
    assert.equal(annotated[1], 1);
    assert.equal(versionOf(api.put(object('b.test', 'two')))[1], 2);
  });

  it('allows what roles allow, with the names that they name', async () => {
    const group = 'rbac.authorization.k8s.io';
    const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['own'], verbs: ['get', 'list'] }];
    api.put({ apiVersion: `${group}/v1`, kind: 'Role', metadata: { name: 'narrow' }, rules });
    const subjects = [{ kind: 'ServiceAccount', name: 'portico', namespace: 'default' }];
    api.put({
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'narrow' },
      roleRef: { apiGroup: group, kind: 'Role', name: 'narrow' },
      subjects,
    });
    api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'own' }, data: {} });
    api.setAuthorization('rbac');
    const client = await connect(api.kubeconfig({ name: 'system:serviceaccount:default:portico', groups: [] }));
    const configMaps = { resource: apiResources.ConfigMap, namespace: 'default' };
    assert.ok((await client.get({ ...configMaps, name: 'own' }, signal)).ok);
    assert.ok((await client.list({ ...configMaps, fieldSelector: 'metadata.name=own' }, signal)).ok);
    assert.equal(refusalOf(await client.get({ ...configMaps, name: 'other' }, signal))[0], 403);
    assert.equal(refusalOf(await client.list(configMaps, signal))[0], 403);
    assert.equal(refusalOf(await client.delete({ ...configMaps, name: 'own' }, signal))[0], 403);
    api.setAuthorization('everything');
  });
});

function refusalOf(result: ApiResult): readonly [number, string] {
  return result.ok ? [200, ''] : [result.error.status, result.error.reason];
}
