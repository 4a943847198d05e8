import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createCertificateIssuer } from './certificates.ts';

const issuer = createCertificateIssuer({ poolSize: 1, now: () => Date.parse('2026-03-01T00:00:00Z') });

test('a self-signed certificate has the names asked for and its own key', async () => {
  const issued = await issuer.issue({ commonName: 'foo.com', hosts: ['foo.com', '*.bar.com', '127.0.0.1'] });
  const parsed = new X509Certificate(issued.certificatePem);
  assert.equal(parsed.subject, 'CN=foo.com');
  assert.equal(parsed.issuer, 'CN=foo.com');
  assert.equal(parsed.subjectAltName, 'DNS:foo.com, DNS:*.bar.com, IP Address:127.0.0.1');
  assert.equal(parsed.ca, false);
  assert.ok(parsed.checkPrivateKey(createPrivateKey(issued.privateKeyPem)));
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(parsed.validToDate > new Date('2026-12-01') && parsed.validFromDate < new Date('2026-03-01'));
});

test('an authority signs, and only for its own', async () => {
  const authority = await issuer.issue({ commonName: 'ca', hosts: [], isAuthority: true });
  const other = await issuer.issue({ commonName: 'ca', hosts: [], isAuthority: true });
  const leaf = new X509Certificate((await issuer.issue({ commonName: 'alice', hosts: [], issuer: authority })).certificatePem);
  const parsed = new X509Certificate(authority.certificatePem);
  assert.equal(parsed.ca, true);
  assert.ok(leaf.checkIssued(parsed) && leaf.verify(parsed.publicKey));
  assert.equal(leaf.verify(new X509Certificate(other.certificatePem).publicKey), false);
  assert.equal(leaf.subjectAltName, undefined);
});

test('an expired certificate ended before now', async () => {
  const issued = await issuer.issue({ commonName: 'old', hosts: ['old'], isExpired: true });
  assert.ok(new X509Certificate(issued.certificatePem).validToDate < new Date('2026-03-01'));
});
