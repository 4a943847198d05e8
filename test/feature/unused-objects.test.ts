// Objects that nothing of ours depends on, from both sources: they cost no worker anything, and count at once when something depends on them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EchoServer } from '../../src/echo/echo-server.ts';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import { ask, endpoints, ingress, ingressClass, openCluster, readMetric, service, waitForAnswer, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import { startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

interface Objects {
  start(): Promise<Portico>;
  put(...objects: readonly GivenObject[]): void;
  remove(object: GivenObject): void;
}

function inCluster(rig: ClusterRig): Objects {
  return {
    start: () => rig.start({ args: ['--enable-metrics'] }),
    put: (...objects) => objects.forEach((object) => rig.api.put(object)),
    remove: ({ apiVersion, kind, metadata }) => rig.api.delete({ apiVersion, kind, name: metadata.name }),
  };
}

/** A file for each object. */
function inDirectory(): Objects {
  const manifests: Record<string, string> = {};
  const nameOf = ({ kind, metadata }: GivenObject): string => `${kind}-${metadata.name}.yaml`;
  let portico: Portico | undefined;
  return {
    start: async () => {
      portico = await startPortico({ args: ['--enable-metrics'], manifests });
      return portico;
    },
    put: (...objects) => {
      for (const object of objects) {
        if (portico === undefined) manifests[nameOf(object)] = JSON.stringify(object);
        else portico.write(nameOf(object), JSON.stringify(object));
      }
    },
    remove: (object) => portico?.remove(nameOf(object)),
  };
}

for (const [source, open] of [['an API server', inCluster] as const, ['a directory', inDirectory] as const]) {
  describe(`objects of ${source} that nothing depends on`, () => {
    let rig: ClusterRig;
    let objects: Objects;
    let portico: Portico;
    let second: EchoServer;

    before(async () => {
      rig = await openCluster();
      second = await rig.startBackend('second');
      objects = open(rig);
      objects.put(ingressClass(), service(), endpoints(rig.backend), ingress({ host: 'shop.test' }));
      objects.put(service('idle'), endpoints(rig.backend, 'idle'));
      objects.put(ingress({ host: 'foreign.test', className: 'other' }));
      portico = await objects.start();
    });
    after(async () => {
      await portico.stop();
      await rig.close();
    });

    /** Only what reaches the workers makes a new version. */
    const version = (): Promise<number> => readMetric(portico, 'portico_table_version', 'thread="controller"');
    const byOf = async (host: string): Promise<string> => (await ask(portico, host)).backend;

    it('reach no worker: endpoints of a Service that no Ingress names', async () => {
      const start = await version();
      for (const server of [second, rig.backend, second]) {
        objects.put(endpoints(server, 'idle'));
        objects.put(endpoints(server));
        await waitForAnswer(portico, 'shop.test', { backend: server === second ? 'second' : 'backend' });
      }
      assert.equal((await version()) - start, 3, 'the three changes of the other Service');
    });

    it('are there when an Ingress names their Service, as they are by then', async () => {
      objects.put(ingress({ host: 'idle.test', service: 'idle' }));
      await waitForAnswer(portico, 'idle.test', { backend: 'second' });
      objects.remove(ingress({ host: 'idle.test' }));
      await waitForAnswer(portico, 'idle.test', { status: 404 });
      objects.put(endpoints(rig.backend, 'idle'));
      objects.put(ingress({ host: 'idle.test', service: 'idle' }));
      await waitForAnswer(portico, 'idle.test', { backend: 'backend' });
    });

    it('are served when their class becomes ours, and not when it stops to be', async () => {
      assert.equal((await ask(portico, 'foreign.test')).status, 404);
      objects.put(ingressClass('other'));
      await waitForAnswer(portico, 'foreign.test', { backend: await byOf('shop.test') });
      objects.put(ingressClass('other', 'example.com/other'));
      await waitForAnswer(portico, 'foreign.test', { status: 404 });
    });

    it('are served when they name our class, and not when they name another', async () => {
      for (const className of ['nginx', 'other', 'nginx']) {
        objects.put(ingress({ host: 'foreign.test', className }));
        await waitForAnswer(portico, 'foreign.test', { status: className === 'nginx' ? 200 : 404 });
      }
      // What it says by now, not what it said when it was ours last.
      objects.put(ingress({ host: 'foreign.test', className: 'other' }));
      await waitForAnswer(portico, 'foreign.test', { status: 404 });
      objects.put(ingress({ host: 'moved.test', name: 'foreign', className: 'other' }));
      objects.put(ingress({ host: 'sentinel.test' }));
      await waitForAnswer(portico, 'sentinel.test', {});
      assert.equal((await ask(portico, 'moved.test')).status, 404);
      objects.put(ingressClass('other'));
      await waitForAnswer(portico, 'moved.test', {});
      assert.equal((await ask(portico, 'foreign.test')).status, 404);
    });

    it('reach no worker: changes of an Ingress of another class', async () => {
      objects.put(ingressClass('third', 'example.com/third'), ingress({ host: 'third.test', className: 'third' }));
      objects.put(ingress({ host: 'before.test' }));
      await waitForAnswer(portico, 'before.test', {});
      const start = await version();
      objects.put(ingress({ host: 'third.test', className: 'third', annotations: { note: 'changed' } }));
      objects.remove(ingress({ host: 'third.test' }));
      objects.put(ingress({ host: 'last.test' }));
      await waitForAnswer(portico, 'last.test', {});
      assert.equal((await version()) - start, 1);
    });
  });
}

describe('Ingresses of an API server that are not ours', () => {
  let rig: ClusterRig;

  before(async () => {
    rig = await openCluster();
    for (const object of [ingressClass(), ingressClass('other', 'example.com/other'), service(), endpoints(rig.backend)])
      rig.api.put(object);
    rig.api.put(ingress({ host: 'ours.test' }));
    rig.api.put(ingress({ host: 'other.test', className: 'other' }));
    rig.api.put(ingress({ host: 'missing.test', className: 'missing' }));
    const { spec, ...classless } = ingress({ host: 'classless.test' });
    rig.api.put({ ...classless, spec: { ...(spec as object), ingressClassName: undefined } });
  });
  after(() => rig.close());

  it('are counted, and get neither events nor a status, as with ingress-nginx', async () => {
    const portico = await rig.start({ args: ['--enable-metrics', '--publish-status-address=192.0.2.1', '--v=5'] });
    const eventsAbout = (name: string): number =>
      rig.api.list('events.k8s.io/v1', 'Event').filter(({ regarding }) => (regarding as { readonly name: string }).name === name).length;
    // The events of one look are written in the order of the objects.
    await waitUntil(
      () => eventsAbout('ours') > 0,
      () => 'no event',
    );
    rig.api.put(ingress({ host: 'zzz.test', annotations: { 'nginx.ingress.kubernetes.io/rewrite-targt': '/' } }));
    await waitUntil(
      () => eventsAbout('zzz') > 1,
      () => 'no second event',
    );
    assert.deepEqual(['other', 'missing', 'classless'].map(eventsAbout), [0, 0, 0]);
    assert.equal(await readMetric(portico, 'portico_foreign_ingresses'), 3);
    assert.match(portico.output(), /Ingress default\/classless is not ours \(class: none\): ignored/);
    assert.doesNotMatch(portico.output(), /PRT-CLASS/);
  });
});
