import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, createServer } from 'node:tls';
import { createWebhookCertificate, joinAuthorities, problemOfCertificate } from './webhook-certificate.ts';

const NAMES = ['portico-admission', 'portico-admission.ingress.svc'];
const NOW_MS = Date.now();
const DAY_MS = 86_400_000;
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('the certificate of the webhook', () => {
  it('carries a connection of a client that knows only its authority', async () => {
    const { ca, cert, key } = createWebhookCertificate(NAMES, NOW_MS);
    const server = createServer({ cert, key }, (socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const text = await new Promise<string>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port, ca, servername: 'portico-admission.ingress.svc' });
        socket.setEncoding('utf8').once('data', resolve).once('error', reject);
      });
      assert.equal(text, 'hello');
    } finally {
      server.close();
    }
  });

  it('satisfies openssl', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-webhook-'));
    try {
      const { ca, cert } = createWebhookCertificate(NAMES, NOW_MS);
      writeFileSync(join(folder, 'ca'), ca);
      writeFileSync(join(folder, 'cert'), cert);
      const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'portico-admission', '-CAfile', 'ca', 'cert'];
      const verify = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
      assert.equal(verify.status, 0, verify.stdout + verify.stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('stays while it is good, and is renewed for every reason', () => {
    const good = createWebhookCertificate(NAMES, NOW_MS);
    const other = createWebhookCertificate(NAMES, NOW_MS);
    const problem = (changed: Partial<typeof good>, names = NAMES, days = 0): string | undefined =>
      problemOfCertificate({ ...good, ...changed }, names, NOW_MS + days * DAY_MS);
    assert.equal(problem({}), undefined);
    assert.equal(problem({}, NAMES, 3_000), undefined);
    assert.match(problem({}, NAMES, 3_300) ?? '', /expires soon/);
    assert.match(problem({}, NAMES, 3_700) ?? '', /has expired/);
    assert.match(problem({}, NAMES, -1) ?? '', /not valid yet/);
    assert.match(problem({}, [...NAMES, 'other.test']) ?? '', /is not for other\.test/);
    assert.match(problem({ key: other.key }) ?? '', /its key/);
    assert.match(problem({ ca: other.ca }) ?? '', /its authority/);
    assert.match(problem({ ca: '' }) ?? '', /its authority/);
    assert.match(problem({ cert: 'nonsense' }) ?? '', /cannot be read/);
  });

  it('keeps the authority of the one before, but not that of the one before it', () => {
    const [first, second, third] = [1, 2, 3].map((second) => createWebhookCertificate(NAMES, NOW_MS + second * 1000));
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const bundle = joinAuthorities(third.ca, joinAuthorities(second.ca, first.ca, NOW_MS), NOW_MS);
    assert.equal(bundle, third.ca + second.ca);
    assert.equal(problemOfCertificate({ ...second, ca: bundle }, NAMES, NOW_MS + 5000), undefined);
    assert.equal(joinAuthorities(second.ca, first.ca, NOW_MS + 4_000 * DAY_MS), second.ca, 'an expired authority is of no use');
    assert.equal(joinAuthorities(second.ca, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', NOW_MS), second.ca);
    assert.equal(new X509Certificate(third.ca).ca, true);
    assert.equal(new X509Certificate(third.cert).ca, false);
  });
});
