// What replicas write to an API server: one of them is the leader, it writes the status of Ingresses when that differs, and events.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import {
  ask,
  controllerLog,
  endpoints,
  ingress,
  openCluster,
  putSite,
  readMetric,
  service,
  waitForAnswer,
  waitUntil,
} from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

const LEADER = 'nginx_ingress_controller_leader_election_status';
/** So long that no leader loses its Lease because the machine is busy. */
const TTL_MS = 20_000;
/** Where a Lease has to run out. */
const SHORT_TTL_MS = 4_000;
const CONFIG = { namespace: 'default', name: 'controller' };
const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'ingress-controller-leader' };

type Json = Readonly<Record<string, unknown>>;

describe('replicas in a cluster', () => {
  let rig: ClusterRig;

  beforeEach(async () => {
    rig = await openCluster();
    putSite(rig);
  });
  afterEach(async () => {
    await rig.close();
  });

  const pod = (name: string, labels: Json = {}, node = 'node-1', isReady = true): GivenObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'portico', 'pod-template-hash': name, ...labels } },
    spec: { nodeName: node, containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  });

  /** A replica with its pod; every request that it makes is logged under its name. */
  const start = async (
    name: string,
    args: readonly string[] = ['--publish-status-address=192.0.2.1'],
    ttlMs = TTL_MS,
  ): Promise<Portico> => {
    if (rig.api.get({ apiVersion: 'v1', kind: 'Pod', name }) === undefined) rig.api.put(pod(name));
    return rig.start({
      kubeconfig: rig.api.kubeconfig({ name }),
      env: { POD_NAME: name, POD_NAMESPACE: 'default' },
      args: [`--election-ttl=${ttlMs / 1000}s`, '--enable-metrics', ...args],
    });
  };

  const statusOf = (name: string, namespace = 'default'): unknown => {
    const found = rig.api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name, namespace }) as Json | undefined;
    const status = found?.['status'] as { readonly loadBalancer?: { readonly ingress?: unknown } } | undefined;
    return status?.loadBalancer?.ingress ?? [];
  };

  const waitForStatus = (name: string, wanted: readonly Json[], portico?: Portico): Promise<void> =>
    waitUntil(
      () => JSON.stringify(statusOf(name)) === JSON.stringify(wanted),
      () =>
        `${name} has ${JSON.stringify(statusOf(name))}, not ${JSON.stringify(wanted)}\n${portico === undefined ? '' : controllerLog(portico)}`,
    );

  const waitForLeader = (portico: Portico): Promise<void> =>
    waitUntil(
      async () => (await readMetric(portico, LEADER)) === 1,
      () => `no leader\n${controllerLog(portico)}`,
    );

  const statusWrites = (user?: string): number =>
    rig.api.requests.filter(({ verb, path, user: by }) => verb === 'patch' && path.includes('/status') && (user ?? by) === by).length;

  const writesOf = (user: string): number =>
    rig.api.requests.filter(({ verb, user: by, status }) => by === user && ['create', 'update', 'patch'].includes(verb) && status < 300)
      .length;

  const leaseSpec = (): Json => {
    const lease = rig.api.get(LEASE);
    return (lease?.['spec'] ?? {}) as Json;
  };

  const events = (name: string): readonly Json[] =>
    (rig.api.list('events.k8s.io/v1', 'Event') as unknown as readonly Json[]).filter(
      (event) => (event['regarding'] as Json)['name'] === name,
    );

  const waitForEvent = async (name: string, reason: string, portico: Portico): Promise<Json> => {
    const find = (): Json | undefined => events(name).find((event) => event['reason'] === reason);
    await waitUntil(
      () => find() !== undefined,
      () => `no event ${reason} about ${name}: ${JSON.stringify(events(name))}\n${controllerLog(portico)}`,
    );
    return find() ?? {};
  };

  describe('status', () => {
    it('is written once, sorted, and again only when something else stands there', async () => {
      rig.api.put(ingress({ host: 'foreign.test', className: 'other' }));
      const portico = await start('a', ['--publish-status-address=lb.example.test,192.0.2.1', '--status-update-interval=5']);
      const wanted = [{ ip: '192.0.2.1' }, { hostname: 'lb.example.test' }];
      await waitForStatus('shop', wanted, portico);
      rig.api.put(ingress({ host: 'second.test' }));
      await waitForStatus('second', wanted, portico);
      assert.equal(statusWrites(), 2);
      assert.deepEqual(statusOf('foreign'), []);

      rig.api.put({ ...ingress({ host: 'second.test' }), status: { loadBalancer: { ingress: [{ ip: '192.0.2.99' }] } } });
      await waitForStatus('second', wanted, portico);
      assert.equal(statusWrites(), 3);
      assert.deepEqual(statusOf('foreign'), []);
      // It counts what was answered, and that may be on its way.
      await waitUntil(
        async () => (await readMetric(portico, 'portico_status_writes_total', 'written')) === 3,
        () => controllerLog(portico),
      );
    });

    it('keeps what others wrote into the object', async () => {
      rig.api.put({
        ...ingress({ host: 'shop.test', annotations: { note: 'mine' } }),
        status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } },
      });
      const portico = await start('a');
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
      const found = rig.api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'shop' });
      assert.equal(found?.metadata.annotations?.['note'], 'mine');
      const own = found?.metadata.managedFields?.find(({ manager }) => manager === 'portico');
      assert.deepEqual(own?.fieldsV1, { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } });
    });

    it('follows the Service of --publish-service, also outside of the watched namespace', async () => {
      const publish = (ip: string): GivenObject => ({
        ...service('lb', 'infra'),
        spec: { type: 'LoadBalancer', clusterIP: '10.0.0.9', externalIPs: ['203.0.113.9'], ports: [{ port: 80 }] },
        status: { loadBalancer: { ingress: [{ ip }] } },
      });
      rig.api.put(publish('203.0.113.1'));
      const portico = await start('a', ['--publish-service=infra/lb', '--watch-namespace=default']);
      await waitForStatus('shop', [{ ip: '203.0.113.1' }, { ip: '203.0.113.9' }], portico);
      rig.api.put(publish('203.0.113.2'));
      await waitForStatus('shop', [{ ip: '203.0.113.2' }, { ip: '203.0.113.9' }], portico);
    });

    it('otherwise holds the addresses of the nodes where the controller is ready', async () => {
      const node = (name: string, addresses: readonly Json[]): GivenObject => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name },
        status: { addresses },
      });
      const internal = { type: 'InternalIP', address: '10.1.0.1' };
      rig.api.put(node('node-1', [internal, { type: 'ExternalIP', address: '203.0.113.11' }]));
      rig.api.put(node('node-2', [{ type: 'InternalIP', address: '10.1.0.2' }]));
      rig.api.put(node('node-3', [{ type: 'ExternalIP', address: '203.0.113.13' }]));
      rig.api.put(pod('a'));
      rig.api.put(pod('b', {}, 'node-2'));
      rig.api.put(pod('c', {}, 'node-3', false));
      rig.api.put(pod('stranger', { app: 'other' }, 'node-3'));
      const portico = await start('a', []);
      await waitForStatus('shop', [{ ip: '10.1.0.2' }, { ip: '203.0.113.11' }], portico);
    });

    it('stays when another pod goes on, and is emptied when the last one ends', async () => {
      const first = await start('a');
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], first);
      rig.api.put(pod('b'));
      assert.equal(await first.stop(), 0);
      assert.deepEqual(statusOf('shop'), [{ ip: '192.0.2.1' }]);
      rig.api.delete({ apiVersion: 'v1', kind: 'Pod', name: 'a' });

      const second = await start('b');
      await waitForLeader(second);
      assert.equal(await second.stop(), 0);
      assert.deepEqual(statusOf('shop'), []);
    });

    it('stays when the pod that goes on is of another version of the chart', async () => {
      const versions = (chart: string): Readonly<Record<string, string>> => ({
        app: 'portico',
        'helm.sh/chart': `portico-${chart}`,
        'app.kubernetes.io/version': chart,
      });
      rig.api.put(pod('a', versions('1.0.0')));
      const portico = await start('a');
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
      rig.api.put(pod('b', versions('1.1.0')));
      await portico.stop();
      assert.deepEqual(statusOf('shop'), [{ ip: '192.0.2.1' }]);
    });

    it('is taken away on shutdown by a process that has the name of no pod', async () => {
      const portico = await rig.start({
        env: { POD_NAME: 'nowhere', POD_NAMESPACE: 'default' },
        args: [`--election-ttl=${TTL_MS / 1000}s`, '--publish-status-address=192.0.2.1'],
      });
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
      await portico.stop();
      assert.deepEqual(statusOf('shop'), []);
    });

    it('is left alone with --update-status=false, and on shutdown with --update-status-on-shutdown=false', async () => {
      const silent = await start('a', ['--publish-status-address=192.0.2.1', '--update-status=false']);
      await waitForEvent('shop', 'Sync', silent);
      await silent.stop();
      assert.equal(statusWrites(), 0);
      const portico = await start('a', ['--publish-status-address=192.0.2.1', '--update-status-on-shutdown=false']);
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
      await portico.stop();
      assert.deepEqual(statusOf('shop'), [{ ip: '192.0.2.1' }]);
    });

    it('is tried a few times only in a namespace where the right is missing', async () => {
      for (let index = 0; index < 40; index++) rig.api.put(ingress({ host: `shop-${index}.test` }));
      const grant = (...more: Json[]): void => {
        const read = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] };
        const lead = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'update'] };
        const metadata = { name: 'reader' };
        const rbac = 'rbac.authorization.k8s.io';
        rig.api.put({ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules: [read, lead, ...more] });
        const subjects = [{ apiGroup: rbac, kind: 'User', name: 'a' }];
        const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: 'reader' };
        rig.api.put({ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata, subjects, roleRef });
      };
      grant();
      rig.api.setAuthorization('rbac');
      rig.api.put(pod('a'));
      const portico = await rig.start({
        kubeconfig: rig.api.kubeconfig({ name: 'a', groups: ['system:authenticated'] }),
        env: { POD_NAME: 'a', POD_NAMESPACE: 'default' },
        args: [`--election-ttl=${TTL_MS / 1000}s`, '--publish-status-address=192.0.2.1'],
      });
      await waitUntil(
        () => controllerLog(portico).includes('the status of Ingresses cannot be written'),
        () => controllerLog(portico),
      );
      assert.ok(statusWrites() <= 20, `${statusWrites()} requests`);
      grant({ apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['patch'] });
      for (const name of ['shop', 'shop-0', 'shop-39']) await waitForStatus(name, [{ ip: '192.0.2.1' }], portico);
    });

    it('comes when the API server lets it, and traffic does not mind', async () => {
      const allow = rig.api.fail({ verbs: ['patch'], resource: 'ingresses/status', status: 403 });
      const portico = await start('a');
      await waitUntil(
        () => controllerLog(portico).includes('the status of Ingresses cannot be written'),
        () => controllerLog(portico),
      );
      assert.equal((await ask(portico, 'shop.test')).status, 200);
      allow();
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
    });
  });

  describe('leadership', () => {
    const startShort = (name: string, address = '192.0.2.1'): Promise<Portico> =>
      start(name, [`--publish-status-address=${address}`], SHORT_TTL_MS);

    it('is given back by a leader that ends, and only leaders write', async () => {
      const first = await start('a');
      await waitForLeader(first);
      const [second, third] = await Promise.all([start('b'), start('c')]);
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], first);
      assert.equal(await readMetric(second, LEADER), 0);
      assert.equal(await readMetric(third, LEADER), 0);
      assert.equal(writesOf('b') + writesOf('c'), 0);
      await first.stop();
      await waitUntil(
        async () => (await readMetric(second, LEADER)) + (await readMetric(third, LEADER)) === 1,
        () => `nobody leads\n${controllerLog(second)}\n${controllerLog(third)}`,
      );
      assert.equal(statusWrites(), 1, 'the second leader found nothing to do');
    });

    it('goes to another replica when the leader is killed', async () => {
      const first = await startShort('a');
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], first);
      const second = await startShort('b');
      process.kill(first.pid, 'SIGKILL');
      rig.api.put(ingress({ host: 'late.test' }));
      await waitForStatus('late', [{ ip: '192.0.2.1' }], second);
      assert.equal(statusWrites('a') + statusWrites('b'), 2);
      const lease = leaseSpec();
      assert.equal(lease['holderIdentity'], 'b');
      assert.equal(lease['leaseTransitions'], 1);
      // What happened while nobody led is told all the same.
      await waitForEvent('late', 'Sync', second);
    });

    it('is lost by a leader that was stopped for a while: it wakes up and does not write', async () => {
      const first = await startShort('a');
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], first);
      const second = await startShort('b', '192.0.2.2');
      // It is stopped with something to write, which it does a moment after a change is live.
      rig.api.put(ingress({ host: 'late.test' }));
      await waitForAnswer(first, 'late.test', { backend: 'backend' });
      process.kill(first.pid, 'SIGSTOP');
      await waitForStatus('late', [{ ip: '192.0.2.2' }], second);
      await waitForStatus('shop', [{ ip: '192.0.2.2' }], second);
      // What it had sent before has arrived by now.
      const attempts = statusWrites('a');
      process.kill(first.pid, 'SIGCONT');
      rig.api.put(ingress({ host: 'later.test' }));
      await waitForAnswer(first, 'later.test', { backend: 'backend' });
      await waitForStatus('later', [{ ip: '192.0.2.2' }], second);
      await sleep(SHORT_TTL_MS);
      assert.equal(statusWrites('a'), attempts, controllerLog(first));
      assert.equal(await readMetric(first, LEADER), 0);
    });

    it('does not depend on the clocks of others', async () => {
      const hour = 3_600_000;
      const lease = (holderIdentity: string, atMs: number): GivenObject => ({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'ingress-controller-leader' },
        spec: {
          holderIdentity,
          leaseDurationSeconds: SHORT_TTL_MS / 1000,
          renewTime: new Date(atMs).toISOString().replace('Z', '000Z'),
          leaseTransitions: 4,
        },
      });
      // Somebody whose clock is an hour behind renews: the Lease is not free.
      let renewals = 0;
      rig.api.put(lease('other', Date.now() - hour));
      const renew = setInterval(() => rig.api.put(lease('other', Date.now() - hour + ++renewals)), SHORT_TTL_MS / 8);
      try {
        const portico = await startShort('a');
        await sleep(2 * SHORT_TTL_MS);
        assert.equal(await readMetric(portico, LEADER), 0);
        assert.equal(writesOf('a'), 0);
        // And one whose clock is ahead is gone when it is silent, not an hour later.
        clearInterval(renew);
        rig.api.put(lease('other', Date.now() + hour));
        await waitForLeader(portico);
        assert.equal(leaseSpec()['leaseTransitions'], 5);
      } finally {
        clearInterval(renew);
      }
    });

    it('ends when the Lease cannot be renewed, and comes back', async () => {
      const portico = await startShort('a');
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
      const allow = rig.api.fail({ resource: 'leases', status: 503 });
      await waitUntil(
        async () => (await readMetric(portico, LEADER)) === 0,
        () => controllerLog(portico),
      );
      rig.api.forgetRequests();
      rig.api.put(ingress({ host: 'late.test' }));
      await waitForAnswer(portico, 'late.test', { backend: 'backend' });
      await sleep(1_000);
      assert.equal(statusWrites(), 0);
      allow();
      await waitForStatus('late', [{ ip: '192.0.2.1' }], portico);
    });

    it('tells that there was no answer, as when the API server has lost etcd', async () => {
      const portico = await startShort('a');
      await waitForLeader(portico);
      rig.api.fail({ resource: 'leases', status: 503, delayMs: SHORT_TTL_MS });
      await waitUntil(
        () => /the Lease default\/\S+: Timeout: no answer within \d+ ms/.test(controllerLog(portico)),
        () => controllerLog(portico),
      );
    });

    it('needs no Lease with --disable-leader-election', async () => {
      const portico = await start('a', ['--publish-status-address=192.0.2.1', '--disable-leader-election']);
      await waitForStatus('shop', [{ ip: '192.0.2.1' }], portico);
      assert.equal(rig.api.requests.filter(({ resource }) => resource === 'leases').length, 0);
      assert.equal(await readMetric(portico, LEADER), 1);
    });
  });

  describe('events', () => {
    it('tell that an Ingress was taken over, and again as a series', async () => {
      rig.api.put(ingress({ host: 'foreign.test', className: 'other' }));
      const portico = await start('a');
      const event = await waitForEvent('shop', 'Sync', portico);
      const shop = rig.api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'shop' });
      assert.equal(event['note'], 'Scheduled for sync');
      assert.equal(event['type'], 'Normal');
      assert.equal(event['reportingController'], 'nginx-ingress-controller');
      assert.equal(event['reportingInstance'], 'a');
      assert.equal((event['regarding'] as Json)['uid'], shop?.metadata.uid);
      rig.api.put(ingress({ host: 'shop.test', annotations: { note: 'changed' } }));
      await waitUntil(
        () => (events('shop').find(({ reason }) => reason === 'Sync')?.['series'] as Json | undefined)?.['count'] === 2,
        () => JSON.stringify(events('shop')),
      );
      assert.equal(events('shop').length, 1);
      assert.equal(
        events('foreign').some(({ reason }) => reason === 'Sync'),
        false,
      );
    });

    it('tell what is wrong, with the code', async () => {
      const noPort = service('no-port');
      rig.api.put({
        ...noPort,
        spec: { ...(noPort['spec'] as Json), ports: [{ name: 'other', port: 81, protocol: 'TCP', targetPort: 8080 }] },
      });
      rig.api.put(service('empty'));
      rig.api.put(ingress({ host: 'missing.test', service: 'nobody' }));
      rig.api.put(ingress({ host: 'no-port.test', service: 'no-port' }));
      rig.api.put(ingress({ host: 'empty.test', service: 'empty' }));
      rig.api.put(ingress({ host: 'secure.test', secretName: 'nothing' }));
      rig.api.put(ingress({ host: 'denied.test', annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': 'a; return 200' } }));
      rig.api.put({
        ...ingress({ host: 'shop.test', name: 'younger' }),
        metadata: { name: 'younger', creationTimestamp: '2099-01-01T00:00:00Z' },
      });
      const portico = await start('a');
      const expected = [
        ['missing', 'MissingService', 'PRT-RULE-3'],
        ['no-port', 'MissingPort', 'PRT-RULE-4'],
        ['empty', 'NoEndpoints', 'PRT-RULE-5'],
        ['secure', 'MissingSecret', 'PRT-TLS-1'],
        ['denied', 'AnnotationParsingFailed', 'PRT-ANN-'],
        ['younger', 'Conflict', 'PRT-RULE-1'],
      ] as const;
      for (const [name, reason, code] of expected) {
        const event = await waitForEvent(name, reason, portico);
        assert.equal(event['type'], 'Warning', name);
        assert.ok(String(event['note']).startsWith(code), `${name}: ${String(event['note'])}`);
      }
    });

    it('tell about the ConfigMap', async () => {
      rig.api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: CONFIG, data: {} });
      const portico = await start('a');
      await waitForEvent('controller', 'CREATE', portico);
      rig.api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: CONFIG, data: { 'no-such-key': '1' } });
      await waitForEvent('controller', 'UPDATE', portico);
      await waitForEvent('controller', 'UnknownKey', portico);
    });

    it('leave Sync out with --disable-sync-events', async () => {
      rig.api.put(ingress({ host: 'missing.test', service: 'nobody' }));
      const portico = await start('a', ['--disable-sync-events']);
      await waitForEvent('missing', 'MissingService', portico);
      assert.equal(events('shop').length, 0);
    });

    it('of one object that never rests are limited, and of others still come', async () => {
      const portico = await start('a');
      await waitForEvent('shop', 'Sync', portico);
      let round = 0;
      await waitUntil(
        async () => {
          rig.api.put(ingress({ host: 'restless.test', service: `nobody-${round++}` }));
          await sleep(20);
          return (await readMetric(portico, 'portico_events_total', 'dropped')) > 0;
        },
        () => JSON.stringify(events('restless')),
      );
      rig.api.put(endpoints(rig.backend, 'calm'));
      rig.api.put(ingress({ host: 'calm.test' }));
      await waitForEvent('calm', 'Sync', portico);
      const created = rig.api.requests.filter(({ verb, resource }) => resource === 'events' && (verb === 'create' || verb === 'patch'));
      assert.ok(created.length <= 30, `${created.length} writes`);
    });
  });
});
