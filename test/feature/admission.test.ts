// The admission webhook of the real program, asked over HTTPS as an API server asks it.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { createCertificateIssuer } from '../support/certificates.ts';
import { ask, controllerLog, ingress, ingressClass, openCluster, putSite, readMetric, waitForAnswer, waitUntil } from './cluster-rig.ts';
import { findFreePorts, spawnPortico, startPortico } from './portico.ts';
import type { Portico } from './portico.ts';

const MIB = 1024 * 1024;
const PREFIX = 'nginx.ingress.kubernetes.io';

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Verdict {
  readonly allowed: boolean;
  readonly message: string;
  readonly warnings: readonly string[];
}

/** A certificate on disk, a port, and the questions to the webhook there. */
class Webhook {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'portico-webhook-'));
  readonly #issuer = createCertificateIssuer({ poolSize: 2, now: Date.now });
  #authority = '';

  constructor(port: number) {
    this.port = port;
  }

  get flags(): readonly string[] {
    return [
      `--validating-webhook=127.0.0.1:${this.port}`,
      `--validating-webhook-certificate=${join(this.#folder, 'cert')}`,
      `--validating-webhook-key=${join(this.#folder, 'key')}`,
    ];
  }

  /** Puts a new certificate in the place of the one before. */
  async renew(commonName: string): Promise<void> {
    const issued = await this.#issuer.issue({ commonName, hosts: ['127.0.0.1'] });
    this.#authority = issued.certificatePem;
    this.write('key', issued.privateKeyPem);
    this.write('cert', issued.certificatePem);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, 'new'), text);
    renameSync(join(this.#folder, 'new'), join(this.#folder, name));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  send(body: string | Buffer, { method = 'POST', path = '/networking/v1/ingresses' } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({ host: '127.0.0.1', port: this.port, path, method, ca: this.#authority, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async review(object: object): Promise<Verdict> {
    const { status, text } = await this.send(reviewOf(object));
    assert.equal(status, 200, text);
    const { response } = JSON.parse(text) as {
      response: { uid: string; allowed: boolean; status?: { message: string; code: number }; warnings?: string[] };
    };
    assert.equal(response.uid, 'review-1');
    assert.equal(response.status?.code, response.allowed ? undefined : 400);
    return { allowed: response.allowed, message: response.status?.message ?? '', warnings: response.warnings ?? [] };
  }

  /** Common name of the certificate that a new connection is shown. */
  shown(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.port, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN ?? ''));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }
}

function reviewOf(object: object, kind = 'Ingress'): string {
  const request = {
    uid: 'review-1',
    kind: { group: 'networking.k8s.io', version: 'v1', kind },
    namespace: 'default',
    name: 'asked',
    operation: 'CREATE',
    object,
    oldObject: null,
  };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
}

async function openWebhook(): Promise<Webhook> {
  const [port = 0] = await findFreePorts(1);
  const webhook = new Webhook(port);
  await webhook.renew('first');
  return webhook;
}

describe('the admission webhook', () => {
  let webhook: Webhook;
  let portico: Portico;

  beforeEach(async () => {
    webhook = await openWebhook();
    portico = await startPortico({
      manifests: { 'class.yaml': JSON.stringify(ingressClass()), 'shop.yaml': JSON.stringify(ingress({ host: 'shop.test' })) },
      args: [...webhook.flags, '--enable-metrics'],
    });
  });
  afterEach(async () => {
    await portico.stop();
    webhook.remove();
  });

  it('judges Ingresses against the manifests, and tells its counts', async () => {
    const taken = ingress({ host: 'shop.test', name: 'second' });
    assert.deepEqual(await webhook.review(taken), {
      allowed: false,
      message: 'host "shop.test" and path "/" is already defined in ingress default/shop',
      warnings: [],
    });
    assert.equal((await webhook.review(ingress({ host: 'shop.test' }))).allowed, true);
    const odd = await webhook.review(ingress({ host: 'odd.test', annotations: { [`${PREFIX}/ssl-redirekt`]: 'true' } }));
    assert.equal(odd.allowed, true);
    assert.match(odd.warnings[0] ?? '', /did you mean ssl-redirect/);
    await waitUntil(
      () => /the admission webhook refused an Ingress/.test(controllerLog(portico)),
      () => controllerLog(portico),
    );
    assert.equal(await readMetric(portico, 'nginx_ingress_controller_check_success', 'ingress="asked"'), 2);
    assert.equal(await readMetric(portico, 'nginx_ingress_controller_check_errors', 'namespace="default"'), 1);
    assert.equal(await readMetric(portico, 'nginx_ingress_controller_admission_tested_ingresses{'), 1);
  });

  it('follows changes', async () => {
    const asked = ingress({ host: 'new.test', name: 'second' });
    assert.equal((await webhook.review(asked)).allowed, true);
    assert.equal((await ask(portico, 'new.test')).status, 404, 'what was only asked about is not served');
    portico.write('new.yaml', JSON.stringify(ingress({ host: 'new.test' })));
    await waitUntil(
      async () => !(await webhook.review(asked)).allowed,
      () => 'the new Ingress is not known',
    );
    portico.remove('new.yaml');
    await waitUntil(
      async () => (await webhook.review(asked)).allowed,
      () => 'the removal is not known',
    );
  });

  it('answers what is no review with a status, and goes on', async () => {
    assert.equal((await webhook.send('{')).status, 400);
    assert.equal((await webhook.send('{"kind":"Pod"}')).status, 400);
    assert.equal((await webhook.send(reviewOf({}, 'IngressClass'))).status, 500);
    assert.equal((await webhook.send('', { method: 'GET' })).status, 405);
    assert.equal((await webhook.send(reviewOf(ingress({ host: 'new.test' })), { path: '/any/where?x' })).status, 200);
    assert.equal((await webhook.send(Buffer.alloc(9 * MIB, ' '))).status, 413);
    assert.equal((await webhook.send(Buffer.alloc(9 * MIB - 1, ' '))).status, 400);
    assert.equal((await webhook.send('['.repeat(MIB / 2))).status, 400);
    assert.equal((await webhook.send('['.repeat(MIB))).status, 413);
    assert.equal((await webhook.review(ingress({ host: 'new.test' }))).allowed, true);
  });

  it('answers many at once', async () => {
    const hosts = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? `h${index}.test` : 'shop.test'));
    const verdicts = await Promise.all(hosts.map((host) => webhook.review(ingress({ host, name: 'many' }))));
    assert.deepEqual(
      verdicts.map(({ allowed }) => allowed),
      hosts.map((host) => host !== 'shop.test'),
    );
  });

  it('shows a renewed certificate to new connections, and keeps the last one while the files cannot be used', async () => {
    assert.equal(await webhook.shown(), 'first');
    webhook.write('cert', 'half of it');
    await waitUntil(
      () => /certificate of the admission webhook cannot be read/.test(controllerLog(portico)),
      () => controllerLog(portico),
    );
    assert.equal(await webhook.shown(), 'first');
    await webhook.renew('second');
    await waitUntil(
      async () => (await webhook.shown()) === 'second',
      () => controllerLog(portico),
    );
    assert.equal((await webhook.review(ingress({ host: 'new.test' }))).allowed, true);
  });
});

describe('the admission webhook and the start', () => {
  it('says what is wrong with its certificate, and its flags', async () => {
    const webhook = await openWebhook();
    try {
      webhook.write('key', 'nonsense');
      const portico = await spawnPortico({ args: webhook.flags });
      await waitUntil(
        () => !portico.isRunning(),
        () => 'it runs',
      );
      assert.equal(await portico.stop(), 1);
      assert.match(portico.output(), /admission webhook: .*are no certificate and its key/);
      const incomplete = await spawnPortico({ args: webhook.flags.slice(0, 2) });
      await waitUntil(
        () => !incomplete.isRunning(),
        () => 'it runs',
      );
      assert.equal(await incomplete.stop(), 2);
      assert.match(incomplete.output(), /needs --validating-webhook-certificate and --validating-webhook-key/);
    } finally {
      webhook.remove();
    }
  });

  it('works in a cluster, also while the API server is away', async () => {
    const webhook = await openWebhook();
    const rig = await openCluster();
    try {
      putSite(rig);
      const portico = await rig.start({ args: webhook.flags });
      const second = ingress({ host: 'shop.test', name: 'second' });
      assert.equal((await webhook.review(second)).allowed, false);
      // Secrets that nothing names yet are not known, which is nobody's fault.
      const annotations = { [`${PREFIX}/auth-type`]: 'basic', [`${PREFIX}/auth-secret`]: 'users' };
      assert.deepEqual(await webhook.review(ingress({ host: 'other.test', annotations })), { allowed: true, message: '', warnings: [] });
      rig.api.put(ingress({ host: 'late.test' }));
      await waitForAnswer(portico, 'late.test', { backend: 'backend' });
      await rig.api.kill();
      assert.match((await webhook.review(ingress({ host: 'late.test', name: 'third' }))).message, /ingress default\/late/);
    } finally {
      await rig.close();
      webhook.remove();
    }
  });
});
