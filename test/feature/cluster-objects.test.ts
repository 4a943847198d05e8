// Portico and an API server that works: what is there at the start is served, and changes of each kind are live without a restart.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createCertificateIssuer } from '../support/certificates.ts';
import {
  ask,
  askCertificate,
  controllerLog,
  endpoints,
  ingress,
  ingressClass,
  openCluster,
  putSite,
  service,
  waitForAnswer,
  waitUntil,
} from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

const issuer = createCertificateIssuer({ poolSize: 2, now: Date.now });

function tlsSecret(name: string, pems: { readonly certificatePem: string; readonly privateKeyPem: string }, namespace = 'default') {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const data = { 'tls.crt': encode(pems.certificatePem), 'tls.key': encode(pems.privateKeyPem) };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'kubernetes.io/tls', data };
}

describe('objects of an API server', () => {
  let rig: ClusterRig;
  let portico: Portico;

  before(async () => {
    rig = await openCluster();
    putSite(rig);
    // More than a page of a list.
    for (let index = 0; index < 1_100; index++) rig.api.put(ingress({ host: `many-${index}.test` }));
    portico = await rig.start();
  });
  after(() => rig.close());

  it('are all served once Portico says that it is ready', async () => {
    for (const host of ['shop.test', 'many-0.test', 'many-499.test', 'many-500.test', 'many-1099.test']) {
      assert.equal((await ask(portico, host)).backend, 'backend', host);
    }
    assert.equal((await ask(portico, 'unknown.test')).status, 404);
    const lists = rig.api.requests.filter(({ verb, resource }) => verb === 'list' && resource === 'ingresses');
    assert.equal(lists.length, 3, 'a list in pages of 500');
  });

  it('are followed: Ingress', async () => {
    rig.api.put(ingress({ host: 'new.test' }));
    await waitForAnswer(portico, 'new.test', { backend: 'backend' });
    rig.api.put(ingress({ host: 'moved.test', name: 'new' }));
    await waitForAnswer(portico, 'moved.test', { backend: 'backend' });
    await waitForAnswer(portico, 'new.test', { status: 404 });
    rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'new' });
    await waitForAnswer(portico, 'moved.test', { status: 404 });
  });

  it('are followed: Service and EndpointSlice', async () => {
    const second = await rig.startBackend('second');
    rig.api.put(ingress({ host: 'late.test', service: 'late' }));
    await waitForAnswer(portico, 'late.test', { status: 503 });
    rig.api.put(endpoints(rig.backend, 'late'));
    rig.api.put(service('late'));
    await waitForAnswer(portico, 'late.test', { backend: 'backend' });
    rig.api.put(endpoints(second, 'late'));
    await waitForAnswer(portico, 'late.test', { backend: 'second' });
    rig.api.delete({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', name: 'late-1' });
    await waitForAnswer(portico, 'late.test', { status: 503 });
  });

  it('are followed: IngressClass', async () => {
    rig.api.put(ingress({ host: 'classy.test', className: 'second' }));
    rig.api.put(ingress({ host: 'sentinel.test' }));
    await waitForAnswer(portico, 'sentinel.test', { backend: 'backend' });
    assert.equal((await ask(portico, 'classy.test')).status, 404);
    rig.api.put(ingressClass('second'));
    await waitForAnswer(portico, 'classy.test', { backend: 'backend' });
    rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', name: 'second' });
    await waitForAnswer(portico, 'classy.test', { status: 404 });
  });

  it('are followed: ConfigMap of the controller', async () => {
    const config = (data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'controller', namespace: 'default' },
      data,
    });
    rig.api.put(config({ 'force-ssl-redirect': 'true' }));
    await waitForAnswer(portico, 'shop.test', { status: 308 });
    rig.api.put(config({}));
    await waitForAnswer(portico, 'shop.test', { backend: 'backend' });
    rig.api.put(config({ 'force-ssl-redirect': 'true' }));
    await waitForAnswer(portico, 'shop.test', { status: 308 });
    rig.api.delete({ apiVersion: 'v1', kind: 'ConfigMap', name: 'controller' });
    await waitForAnswer(portico, 'shop.test', { backend: 'backend' });
  });

  it('are followed: Secret created after the Ingress, renewed, deleted', async () => {
    const showing = async (name: string): Promise<void> =>
      waitUntil(
        async () => (await askCertificate(portico, 'tls.test')) === name,
        () => `the certificate ${name} is not shown\n${controllerLog(portico)}`,
      );
    rig.api.put(ingress({ host: 'tls.test', secretName: 'tls-cert' }));
    await waitForAnswer(portico, 'tls.test', { status: 308 });
    const fallback = await askCertificate(portico, 'tls.test');
    rig.api.put(tlsSecret('tls-cert', await issuer.issue({ commonName: 'first', hosts: ['tls.test'] })));
    await showing('first');
    rig.api.put(tlsSecret('tls-cert', await issuer.issue({ commonName: 'renewed', hosts: ['tls.test'] })));
    await showing('renewed');
    rig.api.delete({ apiVersion: 'v1', kind: 'Secret', name: 'tls-cert' });
    await showing(fallback);
  });

  it('are read no further than needed: Secrets that nobody refers to', async () => {
    rig.api.forgetRequests();
    const pems = await issuer.issue({ commonName: 'stranger', hosts: ['stranger.test'] });
    rig.api.put(tlsSecret('stranger', pems));
    rig.api.put(tlsSecret('foreign', pems, 'elsewhere'));
    rig.api.put(ingress({ host: 'other.test', secretName: 'foreign', namespace: 'elsewhere', className: 'not-ours' }));
    rig.api.put(tlsSecret('wanted', pems));
    rig.api.put(ingress({ host: 'stranger.test', secretName: 'wanted' }));
    await waitUntil(
      async () => (await askCertificate(portico, 'stranger.test')) === 'stranger',
      () => controllerLog(portico),
    );
    const reads = rig.api.requests.filter(({ resource }) => resource === 'secrets');
    for (const { verb, accept, name } of reads) {
      if (verb === 'get') assert.equal(name, 'wanted');
      else assert.match(accept, /as=PartialObjectMetadata/, `${verb} of whole Secrets`);
    }
    assert.ok(reads.some(({ verb }) => verb === 'get'));
  });

  it('are not touched: Portico with these flags writes nothing', () => {
    const writes = rig.api.requests.filter(
      ({ verb, resource }) =>
        !['get', 'list', 'watch'].includes(verb) && resource !== 'events' && resource !== 'leases' && !resource.includes('/status'),
    );
    assert.deepEqual(writes, []);
  });
});
