import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Secret } from '../resources/objects.ts';
import { createCertificateIssuer } from '../../test/support/certificates.ts';
import type { IssuedCertificate } from '../../test/support/certificates.ts';
import { coversHost, KeyPairReader } from './certificate.ts';

function secretWith(data: Readonly<Record<string, string>>): Secret {
  return {
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      namespace: 'default',
      name: 'tls',
      uid: '',
      creationTimestampMs: 0,
      resourceVersion: '',
    },
    origin: { kind: 'Secret', namespace: 'default', name: 'tls' },
    data: new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text)])),
  };
}

describe('key pairs of Secrets', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const issuer = createCertificateIssuer({ poolSize: 2, now: () => nowMs });
  let first: IssuedCertificate;
  let second: IssuedCertificate;

  before(async () => {
    first = await issuer.issue({ commonName: 'CN.example', hosts: ['Shop.example', '*.shop.example'] });
    second = await issuer.issue({ commonName: 'plain.example', hosts: [] });
  });

  it('reads the names, the issuer and the end of a certificate', () => {
    const pair = new KeyPairReader().read(secretWith({ 'tls.crt': first.certificatePem, 'tls.key': first.privateKeyPem }));
    assert.ok(pair.ok);
    assert.deepEqual(pair.value.names, ['shop.example', '*.shop.example']);
    assert.equal(pair.value.certificate.issuerCommonName, 'CN.example');
    assert.equal(pair.value.certificate.publicKeyAlgorithm, 'RSA');
    assert.equal(pair.value.certificate.notAfterMs, nowMs + 365 * 24 * 3600 * 1000);
    assert.equal(pair.value.certificate.key, 'default\0tls');
  });

  it('takes the common name where there are no alternative names', () => {
    const pair = new KeyPairReader().read(secretWith({ 'tls.crt': second.certificatePem, 'tls.key': second.privateKeyPem }));
    assert.ok(pair.ok);
    assert.deepEqual(pair.value.names, ['plain.example']);
  });

  it('keeps the whole chain', () => {
    const chain = first.certificatePem + second.certificatePem;
    const pair = new KeyPairReader().read(secretWith({ 'tls.crt': chain, 'tls.key': first.privateKeyPem }));
    assert.ok(pair.ok);
    assert.equal(pair.value.certificate.chainPem, chain);
  });

  it('refuses what is no key pair, and says why without showing the key', () => {
    const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{}, /no tls\.crt/],
      [{ 'tls.crt': first.certificatePem }, /no tls\.key/],
      [{ 'tls.crt': 'foo', 'tls.key': first.privateKeyPem }, /without a PEM certificate/],
      [{ 'tls.crt': first.certificatePem, 'tls.key': 'SECRET-TEXT' }, /not a private key/],
      [{ 'tls.crt': first.certificatePem, 'tls.key': second.privateKeyPem }, /does not belong/],
      [
        {
          'tls.crt': `${first.certificatePem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
          'tls.key': first.privateKeyPem,
        },
        /certificate 2 cannot be parsed/,
      ],
    ];
    for (const [data, expected] of cases) {
      const pair = new KeyPairReader().read(secretWith(data));
      assert.ok(!pair.ok);
      assert.match(pair.error, expected);
      assert.doesNotMatch(pair.error, /SECRET-TEXT/);
    }
  });

  it('reads a Secret once', () => {
    const reader = new KeyPairReader();
    const secret = secretWith({ 'tls.crt': first.certificatePem, 'tls.key': first.privateKeyPem });
    assert.equal(reader.read(secret), reader.read(secret));
  });
});

describe('hosts that a certificate covers', () => {
  it('counts a wildcard as one label', () => {
    const names = ['a.example', '*.b.example'];
    for (const host of ['a.example', 'x.b.example', '*.b.example']) assert.ok(coversHost(names, host), host);
    for (const host of ['x.a.example', 'b.example', 'x.y.b.example', '*.example', 'localhost', '*.x.b.example'])
      assert.ok(!coversHost(names, host), host);
  });
});
