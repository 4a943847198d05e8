// Several controllers in one cluster: two installations of Portico, and a third controller that is none. Each has its own class and Lease, and
// nobody touches what is another's.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import { ask, controllerLog, endpoints, ingress, ingressClass, openCluster, readMetric, service, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

const LEADER = 'nginx_ingress_controller_leader_election_status';
const FOREIGN = [{ ip: '203.0.113.9' }];

type Json = Readonly<Record<string, unknown>>;

describe('controllers side by side', () => {
  let rig: ClusterRig;
  let first: Portico;
  let second: Portico;

  const start = (user: string, address: string, args: readonly string[]): Promise<Portico> =>
    rig.start({
      kubeconfig: rig.api.kubeconfig({ name: user }),
      env: { POD_NAME: user, POD_NAMESPACE: 'default' },
      args: ['--enable-metrics', '--status-update-interval=1', `--publish-status-address=${address}`, ...args],
    });

  /** As a controller of the class `other` has left it. */
  const othersIngress = (): GivenObject => ({
    ...ingress({ host: 'other.test', className: 'other' }),
    status: { loadBalancer: { ingress: FOREIGN } },
  });

  before(async () => {
    rig = await openCluster();
    for (const object of [
      ingressClass('nginx'),
      ingressClass('portico', 'portico.dev/ingress'),
      ingressClass('other', 'example.com/other'),
      service(),
      endpoints(rig.backend),
      ingress({ host: 'first.test' }),
      ingress({ host: 'second.test', className: 'portico' }),
      othersIngress(),
    ])
      rig.api.put(object);
    first = await start('first', '192.0.2.1', []);
    const own = ['--controller-class=portico.dev/ingress', '--ingress-class=portico', '--election-id=portico-leader'];
    second = await start('second', '192.0.2.2', own);
  });
  after(() => rig.close());

  const addressesOf = (name: string): unknown => {
    const found = rig.api.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name }) as Json | undefined;
    return (found?.['status'] as { readonly loadBalancer?: { readonly ingress?: unknown } } | undefined)?.loadBalancer?.ingress;
  };
  const waitForAddress = (name: string, ip: string): Promise<void> =>
    waitUntil(
      () => JSON.stringify(addressesOf(name)) === JSON.stringify([{ ip }]),
      () => `${name} has ${JSON.stringify(addressesOf(name))}\n${controllerLog(first)}\n${controllerLog(second)}`,
    );
  /** Who wrote the status of an Ingress, in order. */
  const writersOf = (name: string): readonly string[] =>
    rig.api.requests.filter(({ path, verb }) => verb === 'patch' && path.includes(`/ingresses/${name}/status`)).map(({ user }) => user);
  const eventsAbout = (name: string): number =>
    rig.api.list('events.k8s.io/v1', 'Event').filter(({ regarding }) => (regarding as { readonly name: string }).name === name).length;

  it('serve, and write the status of, what is theirs, each as the leader of its own', async () => {
    await waitForAddress('first', '192.0.2.1');
    await waitForAddress('second', '192.0.2.2');
    assert.deepEqual([await readMetric(first, LEADER), await readMetric(second, LEADER)], [1, 1]);
    const answers = async (portico: Portico): Promise<readonly number[]> => {
      const statuses: number[] = [];
      for (const host of ['first.test', 'second.test', 'other.test']) statuses.push((await ask(portico, host)).status);
      return statuses;
    };
    assert.deepEqual(await answers(first), [200, 404, 404]);
    assert.deepEqual(await answers(second), [404, 200, 404]);
  });

  it('do not write against each other when an Ingress goes from one to the other', async () => {
    rig.api.put(ingress({ host: 'first.test', className: 'portico' }));
    await waitForAddress('first', '192.0.2.2');
    // After each of them has looked at all that is theirs once more.
    for (const round of [1, 2]) {
      rig.api.put(ingress({ host: `one-${round}.test` }));
      rig.api.put(ingress({ host: `two-${round}.test`, className: 'portico' }));
      await waitForAddress(`one-${round}`, '192.0.2.1');
      await waitForAddress(`two-${round}`, '192.0.2.2');
    }
    assert.deepEqual(writersOf('first'), ['first', 'second']);
    assert.deepEqual(writersOf('second'), ['second']);
    assert.equal((await ask(first, 'first.test')).status, 404);
  });

  it('leave alone what belongs to a third one, also when they end', async () => {
    rig.api.put(othersIngress());
    await first.stop();
    await second.stop();
    assert.deepEqual(addressesOf('other'), FOREIGN);
    assert.deepEqual([writersOf('other'), eventsAbout('other')], [[], 0]);
  });
});
