import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, createServer } from 'node:tls';
import { createDefaultCertificate, createSelfSignedCertificate } from './self-signed.ts';

const nowMs = Date.UTC(2026, 5, 1, 12);
const shop = { commonName: 'shop.example', organization: 'Shop', dnsNames: ['shop.example', '*.shop.example', '127.0.0.1'], days: 30 };
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('a self-signed certificate', () => {
  it('is the one that ingress-nginx shows, with a fresh key and serial number each time', () => {
    const first = createDefaultCertificate(nowMs);
    const certificate = new X509Certificate(first.chainPem);
    assert.equal(certificate.subject, 'O=Acme Co\nCN=Kubernetes Ingress Controller Fake Certificate');
    assert.equal(certificate.issuer, certificate.subject);
    assert.equal(certificate.subjectAltName, 'DNS:ingress.local');
    assert.equal(certificate.publicKey.asymmetricKeyType, 'rsa');
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.equal(certificate.validFromDate.getTime(), nowMs - 3_600_000);
    assert.equal(certificate.validToDate.getTime(), nowMs + 365 * 86_400_000);
    assert.equal(certificate.ca, false);
    assert.notEqual(certificate.serialNumber, new X509Certificate(createDefaultCertificate(nowMs).chainPem).serialNumber);
  });

  for (const keyType of ['rsa', 'ec'] as const) {
    it(`is signed by its own ${keyType} key and valid for its names only`, () => {
      const { chainPem, privateKeyPem } = createSelfSignedCertificate({ ...shop, nowMs, keyType });
      const certificate = new X509Certificate(chainPem);
      assert.ok(certificate.verify(certificate.publicKey));
      assert.ok(certificate.checkPrivateKey(createPrivateKey(privateKeyPem)));
      assert.equal(certificate.checkHost('shop.example'), 'shop.example');
      assert.equal(certificate.checkHost('wear.shop.example'), '*.shop.example');
      assert.equal(certificate.checkHost('other.example'), undefined);
      assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    });
  }

  it('is valid beyond 2050', () => {
    const { chainPem } = createSelfSignedCertificate({ ...shop, nowMs, days: 36_500, keyType: 'ec' });
    assert.equal(new X509Certificate(chainPem).validToDate.getUTCFullYear(), 2126);
  });

  it('carries a TLS connection that trusts it', async () => {
    const { chainPem, privateKeyPem } = createSelfSignedCertificate({ ...shop, nowMs: Date.now(), keyType: 'ec' });
    const server = createServer({ cert: chainPem, key: privateKeyPem }, (socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const socket = connect({ host: '127.0.0.1', port: address.port, servername: 'wear.shop.example', ca: chainPem });
    const text = (await socket.toArray()).join('');
    server.close();
    assert.equal(text, 'hello');
    assert.equal(socket.authorized, true);
  });

  it('satisfies openssl', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-certificate-'));
    try {
      for (const keyType of ['rsa', 'ec'] as const) {
        const { chainPem } = createSelfSignedCertificate({ ...shop, nowMs: Date.now(), keyType });
        const file = join(folder, `${keyType}.pem`);
        writeFileSync(file, chainPem);
        const verify = spawnSync('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-partial_chain', '-CAfile', file, file], {
          encoding: 'utf8',
        });
        assert.equal(verify.status, 0, verify.stdout + verify.stderr);
        const text = spawnSync('openssl', ['x509', '-in', file, '-noout', '-text'], { encoding: 'utf8' }).stdout;
        assert.match(text, /DNS:shop\.example, DNS:\*\.shop\.example, IP Address:127\.0\.0\.1/);
        assert.match(text, /Digital Signature, Key Encipherment/);
        assert.match(text, /CA:FALSE/);
        assert.match(text, /TLS Web Server Authentication/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
