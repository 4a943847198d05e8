// A start without an API server serves what the snapshot holds, and what the API server says later counts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createCertificateIssuer } from '../support/certificates.ts';
import { ask, askCertificate, controllerLog, ingress, isReady, openCluster, putSite, waitForAnswer, waitUntil } from './cluster-rig.ts';
import type { ClusterRig } from './cluster-rig.ts';

describe('--snapshot', () => {
  let rig: ClusterRig;
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'portico-snapshot-'));
    file = join(directory, 'state.json');
    rig = await openCluster();
    putSite(rig);
  });
  afterEach(async () => {
    await rig.close();
    rmSync(directory, { recursive: true });
  });

  const content = (): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };

  it('serves with certificates after a restart without an API server, then what the API server says', async () => {
    const issuer = createCertificateIssuer({ poolSize: 1, now: Date.now });
    const { certificatePem, privateKeyPem } = await issuer.issue({ commonName: 'kept', hosts: ['tls.test'] });
    const data = { 'tls.crt': Buffer.from(certificatePem).toString('base64'), 'tls.key': Buffer.from(privateKeyPem).toString('base64') };
    rig.api.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cert' }, type: 'kubernetes.io/tls', data });
    rig.api.put(ingress({ host: 'tls.test', secretName: 'cert' }));
    const kubeconfig = rig.api.kubeconfig();
    const first = await rig.start({ kubeconfig, args: ['--snapshot', file] });
    await waitUntil(
      () => content().includes('tls.test'),
      () => 'no snapshot was written',
    );
    assert.equal(statSync(file).mode & 0o777, 0o600, 'only its owner may read the private keys');
    rig.api.put(ingress({ host: 'later.test' }));
    await waitUntil(
      () => content().includes('later.test'),
      () => 'the snapshot does not follow changes',
    );
    await first.stop();

    await rig.api.kill();
    const second = await rig.start({ kubeconfig, args: ['--snapshot', file, '--enable-metrics'] });
    await waitUntil(
      () => /serving \d+ objects of the snapshot/.test(controllerLog(second)),
      () => controllerLog(second),
    );
    assert.equal((await ask(second, 'shop.test')).backend, 'backend');
    assert.equal((await ask(second, 'later.test')).backend, 'backend');
    assert.equal(await askCertificate(second, 'tls.test'), 'kept');

    rig.api.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'later' });
    rig.api.put(ingress({ host: 'newest.test' }));
    await rig.api.restart();
    await waitForAnswer(second, 'newest.test', { backend: 'backend' });
    await waitForAnswer(second, 'later.test', { status: 404 });
    assert.equal((await ask(second, 'shop.test')).backend, 'backend');
    assert.equal(await askCertificate(second, 'tls.test'), 'kept');
  });

  it('does not use the file while the API server answers', async () => {
    writeFileSync(file, '{"apiVersion":"v1","kind":"List","items":[\n]}\n');
    const portico = await rig.start({ args: ['--snapshot', file] });
    assert.equal((await ask(portico, 'shop.test')).backend, 'backend');
    assert.doesNotMatch(controllerLog(portico), /objects of the snapshot/);
  });

  it('is not ready without an API server where the file is no snapshot', async () => {
    writeFileSync(file, 'half of a fi');
    const kubeconfig = rig.api.kubeconfig();
    await rig.api.kill();
    const portico = await rig.spawn({ kubeconfig, args: ['--snapshot', file] });
    await waitUntil(
      () => /is no snapshot of Portico/.test(controllerLog(portico)),
      () => controllerLog(portico),
    );
    assert.equal(await isReady(portico), false);
    await rig.api.restart();
    await waitUntil(
      () => isReady(portico),
      () => controllerLog(portico),
    );
  });
});
