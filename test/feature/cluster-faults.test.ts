// Portico and an API server that does not work: every break is survived, what was known keeps serving, and nothing is missed.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCertificateIssuer } from '../support/certificates.ts';
import {
  ask,
  askCertificate,
  controllerLog,
  endpoints,
  ingress,
  ingressClass,
  isReady,
  openCluster,
  putSite,
  readMetric,
  service,
  waitForAnswer,
  waitUntil,
} from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

/** Without those of one object, which only ask for the newest version. */
function countLists({ api }: ClusterRig, plural: string): number {
  return api.requests.filter(({ verb, resource, path }) => verb === 'list' && resource === plural && !/[?&]limit=1(&|$)/.test(path)).length;
}

describe('an API server with faults', () => {
  let rig: ClusterRig;
  let hosts = 0;

  beforeEach(async () => {
    rig = await openCluster();
    putSite(rig);
  });
  afterEach(() => rig.close());

  const newHost = (): string => `host-${++hosts}.test`;

  const waitForLine = (portico: Portico, pattern: RegExp): Promise<void> =>
    waitUntil(
      () => pattern.test(controllerLog(portico)),
      () => controllerLog(portico),
    );

  for (const how of ['end', 'cut', 'torn', 'expired', 'garbage'] as const) {
    it(`loses no change where watches break: ${how}`, async () => {
      const portico = await rig.start();
      for (let round = 0; round < 3; round++) {
        const [first, second] = [newHost(), newHost()];
        rig.api.put(ingress({ host: first }));
        rig.api.breakWatches(how);
        rig.api.put(ingress({ host: second }));
        rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: first.split('.')[0] ?? '' });
        await waitForAnswer(portico, second, { backend: 'backend' });
        await waitForAnswer(portico, first, { status: 404 });
        assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
      }
      if (how === 'end' || how === 'cut' || how === 'torn') {
        assert.equal(countLists(rig, 'ingresses'), 1, 'watches go on from where they were');
      }
    });
  }

  it('reads events whose chunks end anywhere, also within a character', async () => {
    Object.assign(rig.api.manner, { chunkBytes: 7 });
    const portico = await rig.start();
    const host = newHost();
    rig.api.put(ingress({ host, annotations: { note: 'Grüße aus Köln, 你好, 🚪' } }));
    await waitForAnswer(portico, host, { backend: 'backend' });
    assert.doesNotMatch(controllerLog(portico), /ERROR/);
  });

  it('goes on from a bookmark, and lists again where history was forgotten', async () => {
    // Nothing that Portico writes itself (Lease, status, events) may move versions on behind the bookmark.
    const portico = await rig.start({ args: ['--disable-leader-election', '--update-status=false', '--disable-sync-events'] });
    await waitUntil(
      () => rig.api.watches.some(({ request }) => request.kind.plural === 'ingresses'),
      () => controllerLog(portico),
    );
    // Versions move on without an event of Ingresses, and then only the bookmark is new enough.
    for (let index = 0; index < 5; index++) rig.api.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${index}` } });
    rig.api.sendBookmarks();
    rig.api.compact();
    rig.api.forgetRequests();
    rig.api.breakWatches('end');
    const host = newHost();
    rig.api.put(ingress({ host }));
    await waitForAnswer(portico, host, { backend: 'backend' });
    const lists = (): number => countLists(rig, 'ingresses');
    assert.equal(lists(), 0, 'the bookmark was enough');
    const [gone, fresh] = [newHost(), newHost()];
    rig.api.breakWatches('cut');
    rig.api.put(ingress({ host: gone }));
    rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: host.split('.')[0] ?? '' });
    rig.api.put(ingress({ host: fresh }));
    rig.api.compact();
    await waitForAnswer(portico, fresh, { backend: 'backend' });
    await waitForAnswer(portico, host, { status: 404 });
    assert.ok(lists() <= 1);
  });

  it('serves the last state while the API server is away, says so, and changes nothing when it comes back', async () => {
    const portico = await rig.start({ args: ['--enable-metrics'] });
    assert.equal(await readMetric(portico, 'portico_api_server_connected'), 1);
    const version = await readMetric(portico, 'portico_table_version', 'controller"');
    await rig.api.kill();
    await waitUntil(
      async () => (await readMetric(portico, 'portico_api_server_connected')) === 0,
      () => 'the metric does not tell',
    );
    await waitForLine(portico, /the API server does not answer .*; the last state keeps serving/);
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
    assert.equal(await isReady(portico), true);
    await rig.api.restart();
    await waitUntil(
      async () => (await readMetric(portico, 'portico_api_server_connected')) === 1,
      () => 'the metric does not tell',
    );
    await waitForLine(portico, /answers again after/);
    assert.equal(await readMetric(portico, 'portico_table_version', 'controller"'), version, 'no needless change');
    const host = newHost();
    rig.api.put(ingress({ host }));
    await waitForAnswer(portico, host, { backend: 'backend' });
  });

  it('follows an API server that comes back with another state', async () => {
    const portico = await rig.start();
    await rig.api.kill();
    await rig.api.restart({ isStateLost: true });
    putSite(rig, 'restored.test');
    await waitForAnswer(portico, 'restored.test', { backend: 'backend' });
    await waitForAnswer(portico, 'shop.test', { status: 404 });
  });

  it('survives that rights are missing for a moment, and keeps what it had', async () => {
    const portico = await rig.start();
    const allow = rig.api.fail({ status: 403 });
    rig.api.breakWatches('cut');
    const host = newHost();
    rig.api.put(ingress({ host }));
    await sleep(700);
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
    assert.equal(await isReady(portico), true);
    allow();
    await waitForAnswer(portico, host, { backend: 'backend' });
  });

  it('reports a kind that may not be read, serves the others, and takes the kind up when it may', async () => {
    const allow = rig.api.fail({ status: 403, resource: 'secrets' });
    rig.api.put(ingress({ host: 'tls.test', secretName: 'hidden' }));
    const portico = await rig.start({ args: ['--enable-metrics'] });
    assert.equal((await ask(portico, 'tls.test')).status, 308);
    await waitForLine(portico, /PRT-READ-8.*Secret default\/hidden/);
    const host = newHost();
    rig.api.put(ingress({ host }));
    await waitForAnswer(portico, host, { backend: 'backend' });
    allow();
  });

  it('fetches a Secret soon after the right to it was missing for a moment', async () => {
    const issuer = createCertificateIssuer({ poolSize: 1, now: Date.now });
    const { certificatePem, privateKeyPem } = await issuer.issue({ commonName: 'mine', hosts: ['tls.test'] });
    const data = { 'tls.crt': toBase64(certificatePem), 'tls.key': toBase64(privateKeyPem) };
    // The watch of Secrets is open already, and has nothing to say about this one later.
    rig.api.put(ingress({ host: 'other.test', secretName: 'other' }));
    rig.api.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine' }, type: 'kubernetes.io/tls', data });
    const portico = await rig.start();
    await waitUntil(
      () => rig.api.watches.some(({ request }) => request.kind.plural === 'secrets'),
      () => controllerLog(portico),
    );
    const allow = rig.api.fail({ status: 403, resource: 'secrets' });
    rig.api.put(ingress({ host: 'tls.test', secretName: 'mine' }));
    await waitForLine(portico, /PRT-READ-8.*Secret default\/mine/);
    allow();
    await waitUntil(
      async () => (await askCertificate(portico, 'tls.test')) === 'mine',
      () => controllerLog(portico),
    );
  });

  it('serves Ingresses with the annotation only where IngressClasses may not be read', async () => {
    rig.api.fail({ status: 403, resource: 'ingressclasses' });
    const annotated = ingress({ host: 'annotated.test', annotations: { 'kubernetes.io/ingress.class': 'nginx' } });
    const { ingressClassName: _, ...spec } = annotated['spec'] as Record<string, unknown>;
    rig.api.put({ ...annotated, spec });
    const portico = await rig.start();
    await waitForAnswer(portico, 'annotated.test', { backend: 'backend' });
    assert.equal((await ask(portico, 'shop.test')).status, 404);
  });

  it('is not ready before it was allowed to read Ingresses', async () => {
    const allow = rig.api.fail({ status: 403, resource: 'ingresses' });
    const portico = await rig.spawn();
    await waitForLine(portico, /ingresses\.networking\.k8s\.io cannot be read: 403/);
    assert.equal(await isReady(portico), false);
    allow();
    await waitUntil(
      () => isReady(portico),
      () => controllerLog(portico),
    );
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
  });

  it('serves nothing before it had the chance to read what an API server that has just started did not let it read', async () => {
    const data = { 'force-ssl-redirect': 'true' };
    rig.api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'controller', namespace: 'default' }, data });
    const required = ['ingresses', 'services', 'endpointslices'];
    const allowed = required.map((resource) => rig.api.fail({ status: 403, resource }));
    const allowOthers = ['ingressclasses', 'configmaps'].map((resource) => rig.api.fail({ status: 403, resource }));
    const portico = await rig.spawn();
    await waitForLine(portico, /ingressclasses\.networking\.k8s\.io cannot be read: 403/);
    for (const allow of allowed) allow();
    await waitUntil(
      () => required.every((kind) => rig.api.requests.some(({ resource, status }) => resource === kind && status === 200)),
      () => controllerLog(portico),
    );
    for (const allow of allowOthers) allow();
    await waitUntil(
      () => isReady(portico),
      () => controllerLog(portico),
    );
    assert.equal((await ask(portico, 'shop.test')).status, 308);
  });

  it('waits as long as it is asked to', async () => {
    rig.api.fail({ status: 429, retryAfterSeconds: 1, resource: 'services', verbs: ['list'], times: 1 });
    const portico = await rig.start();
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
    assert.equal(countLists(rig, 'services'), 2);
  });

  it('begins a list anew whose pages have expired', async () => {
    for (let index = 0; index < 600; index++) rig.api.put(ingress({ host: `page-${index}.test` }));
    rig.api.fail({ status: 410, resource: 'ingresses', verbs: ['list'], times: 1 });
    const portico = await rig.start();
    assert.equal((await ask(portico, 'page-599.test')).backend, 'backend');
  });

  it('leaves out an object that it cannot read, and keeps its last good state', async () => {
    const portico = await rig.start();
    const bad = endpoints(rig.backend);
    rig.api.put({ ...bad, addressType: 'Carrier-Pigeon' });
    await waitForLine(portico, /PRT-READ-5.*EndpointSlice default\/web-1/);
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
    rig.api.put({ ...ingress({ host: 'after.test' }) });
    await waitForAnswer(portico, 'after.test', { backend: 'backend' });
  });

  it('stops at a signal while it waits for the API server', async () => {
    await rig.api.kill();
    const portico = await rig.spawn();
    await waitForLine(portico, /does not answer/);
    assert.equal(await portico.stop(), 0);
  });

  it('has no part in what else is in the cluster', async () => {
    rig.api.put(ingressClass('other', 'example.com/other'));
    const portico = await rig.start({ args: ['--enable-metrics'] });
    const version = await readMetric(portico, 'portico_table_version', 'controller"');
    rig.api.put(ingress({ host: 'foreign.test', className: 'other', service: 'foreign' }));
    rig.api.put(service('foreign'));
    rig.api.put(endpoints(rig.backend, 'foreign'));
    rig.api.put(ingress({ host: 'ours.test' }));
    await waitForAnswer(portico, 'ours.test', { backend: 'backend' });
    assert.ok((await readMetric(portico, 'portico_table_version', 'controller"')) <= version + 1, 'only our own change made a version');
    assert.equal((await ask(portico, 'foreign.test')).status, 404);
  });
});

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
