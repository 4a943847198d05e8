// Between two states of the cluster, Portico shows none that never was: a host that is served all the time is never without its route, nor
// without a certificate, while Portico reads what has changed.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createCertificateIssuer } from '../support/certificates.ts';
import type { GivenObject } from '../support/api-server/start-api-server.ts';
import { ask, askCertificate, endpoints, ingress, openCluster, putSite, service, waitForAnswer } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';
import type { Portico } from './portico.ts';

/** More than Portico reads at once. */
const PAGE = 500;
const annotations = { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' };
const SLOW = { status: 200, delayMs: 400 } as const;

const issuer = createCertificateIssuer({ poolSize: 2, now: Date.now });

/** Its certificate has the same name. */
async function issueSecret(name: string): Promise<GivenObject> {
  const { certificatePem, privateKeyPem } = await issuer.issue({ commonName: name, hosts: ['*.test'] });
  const data = { 'tls.crt': Buffer.from(certificatePem).toString('base64'), 'tls.key': Buffer.from(privateKeyPem).toString('base64') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'kubernetes.io/tls', data };
}

describe('a host that is served all the time', () => {
  let rig: ClusterRig;

  beforeEach(async () => {
    rig = await openCluster();
    putSite(rig);
    const successor = await rig.startBackend('successor');
    for (const object of [service('next'), endpoints(successor, 'next')]) rig.api.put(object);
  });
  afterEach(() => rig.close());

  it('keeps its route when it goes over to an Ingress on a later page of a list', async () => {
    for (let index = 0; index < PAGE; index++) {
      rig.api.put(ingress({ name: `m-${index}`, host: `m-${index}.test`, className: 'not-ours' }));
    }
    rig.api.put(ingress({ name: 'a', host: 'moved.test' }));
    rig.api.put(ingress({ name: 'z', host: 'z.test', service: 'next' }));
    const portico = await rig.start();
    await waitForAnswer(portico, 'moved.test', { backend: 'backend' });
    rig.api.fail({ ...SLOW, verbs: ['list'], resource: 'ingresses' });
    rig.api.breakWatches('cut');
    rig.api.put(ingress({ name: 'z', host: 'moved.test', service: 'next' }));
    rig.api.put(ingress({ name: 'a', host: 'a.test' }));
    rig.api.compact();
    await staysServed(portico, 'moved.test');
    assert.equal((await ask(portico, 'a.test')).status, 200);
    assert.equal((await ask(portico, 'z.test')).status, 404);
  });

  /** Asks until the successor answers. */
  const staysServed = async (portico: Portico, host: string): Promise<void> => {
    let answer = await ask(portico, host);
    while (answer.backend !== 'successor') {
      assert.equal(answer.status, 200);
      answer = await ask(portico, host);
    }
  };

  it('keeps its route when it goes over to an Ingress that waits for its Secret', async () => {
    rig.api.put(await issueSecret('fresh'));
    rig.api.put(ingress({ name: 'a', host: 'moved.test' }));
    const portico = await rig.start();
    await waitForAnswer(portico, 'moved.test', { backend: 'backend' });
    rig.api.fail({ ...SLOW, verbs: ['get'], resource: 'secrets' });
    rig.api.put(ingress({ name: 'z', host: 'moved.test', service: 'next', secretName: 'fresh', annotations }));
    rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'a' });
    await staysServed(portico, 'moved.test');
    assert.equal(await askCertificate(portico, 'moved.test'), 'fresh');
  });

  it('has its certificate where the Secret goes from one Ingress to another', async () => {
    rig.api.put(await issueSecret('kept'));
    rig.api.put(ingress({ name: 'a', host: 'tls.test', secretName: 'kept' }));
    const portico = await rig.start();
    // Both changes come at once.
    rig.api.breakWatches('cut', 'ingresses');
    rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'a' });
    rig.api.put(ingress({ name: 'z', host: 'tls.test', service: 'next', secretName: 'kept', annotations }));
    await waitForAnswer(portico, 'tls.test', { backend: 'successor' });
    assert.equal(await askCertificate(portico, 'tls.test'), 'kept');
  });

  it('keeps its certificate until that of another Secret is there', async () => {
    for (const name of ['before', 'after']) rig.api.put(await issueSecret(name));
    rig.api.put(ingress({ name: 'tls', host: 'tls.test', secretName: 'before' }));
    const portico = await rig.start();
    assert.equal(await askCertificate(portico, 'tls.test'), 'before');
    rig.api.fail({ ...SLOW, verbs: ['get'], resource: 'secrets' });
    rig.api.put(ingress({ name: 'tls', host: 'tls.test', secretName: 'after' }));
    let shown = await askCertificate(portico, 'tls.test');
    while (shown !== 'after') {
      assert.equal(shown, 'before');
      shown = await askCertificate(portico, 'tls.test');
    }
  });
});
