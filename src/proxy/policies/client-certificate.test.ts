import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientCertificatePolicy } from '../../model/policies/client-certificates.ts';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { ClientCertificate, TlsFacts } from '../exchange/tls-facts.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { clientCertificateLines, compileClientCertificates } from './client-certificate.ts';
import { policyRequest } from './policy-request-fixture.ts';

const trust = { caPem: 'ca', crlPem: '' };
const good: ClientCertificate = {
  verify: 'SUCCESS',
  isOnlyUntrusted: false,
  intermediates: 0,
  subject: 'CN=alice,O=Shop',
  issuer: 'CN=ca',
  escapedPem: '-----BEGIN%20CERTIFICATE-----',
  serial: '01',
  fingerprint: 'ab',
};
const unknownIssuer: ClientCertificate = { ...good, verify: 'FAILED:unable to verify the first certificate', isOnlyUntrusted: true };
const expired: ClientCertificate = { ...good, verify: 'FAILED:certificate has expired' };

type Handshake = TlsFacts | 'plain';
const own = (certificate?: ClientCertificate): Handshake => ({ hostName: 'shop.example', trust, certificate });
const unasked = (hostName: string): Handshake => ({ hostName, trust: undefined, certificate: undefined });

/** What becomes of the request: `pass` with what the backend is told of the verification, or the code. */
function outcome(policy: Partial<ClientCertificatePolicy>, handshake: Handshake, aliasOf?: string): string {
  const clientCertificates = { verify: 'on', trust, depth: 1, passesCertificate: false, ...policy } as const;
  const host = {
    name: 'shop.example',
    ...(aliasOf !== undefined && { name: 'www.example', aliasOf }),
    clientCertificates,
  } as unknown as VirtualHost;
  const hooks = compileClientCertificates({} as Route, host, {} as RouteCompilerDeps);
  const request = policyRequest({ origin: handshake === 'plain' ? { isTls: false } : { isTls: true, tls: handshake } });
  for (const { onRequest } of hooks?.request ?? []) {
    const verdict = onRequest(request);
    if (verdict.kind === 'refuse') return verdict.code;
    if (verdict.kind !== 'continue')
      return verdict.kind === 'respond' ? verdict.lines.replace(/^.*Location: (.*)\r\n$/s, '$1') : verdict.kind;
  }
  return `pass ${request.requestLines.replaceAll('\r\n', '; ')}`;
}

const told = 'ssl-client-subject-dn: CN=alice,O=Shop; ssl-client-issuer-dn: CN=ca; ';
const rows: readonly (readonly [name: string, policy: Partial<ClientCertificatePolicy>, handshake: Handshake, outcome: string])[] = [
  ['on: a good certificate', {}, own(good), `pass ssl-client-verify: SUCCESS; ${told}`],
  ['on: none', {}, own(), 'PRT-CERT-1'],
  ['on: an unknown issuer', {}, own(unknownIssuer), 'PRT-CERT-2'],
  ['on: a chain that is too long', { depth: 1 }, own({ ...good, intermediates: 2 }), 'PRT-CERT-2'],
  ['on: no server name in the handshake', {}, unasked('_'), 'PRT-CERT-1'],
  ['on: the handshake was for another host', {}, unasked('other.example'), 'PRT-ROUTE-5'],
  ['on: the same CA for another host is no way in', {}, { hostName: 'other.example', trust, certificate: good }, 'PRT-ROUTE-5'],
  ['on: a certificate for the catch-all host is no way in', {}, { hostName: '_', trust, certificate: good }, 'PRT-CERT-1'],
  ['on: the policy is newer than the connection', {}, unasked('shop.example'), 'PRT-ROUTE-5'],
  [
    'on: the CA is newer than the connection',
    {},
    { hostName: 'shop.example', trust: { ...trust, caPem: 'old' }, certificate: good },
    'PRT-ROUTE-5',
  ],
  ['on: the list of revoked ones is newer', { trust: { ...trust, crlPem: 'new' } }, own(good), 'PRT-ROUTE-5'],
  ['on: plain HTTP', {}, 'plain', 'PRT-CERT-1'],
  ['optional: none', { verify: 'optional' }, own(), 'pass ssl-client-verify: NONE; '],
  ['optional: a bad one', { verify: 'optional' }, own(unknownIssuer), 'PRT-CERT-2'],
  ['optional: no server name', { verify: 'optional' }, unasked('_'), 'pass ssl-client-verify: NONE; '],
  ['optional: plain HTTP', { verify: 'optional' }, 'plain', 'pass '],
  [
    'optional_no_ca: an unknown issuer',
    { verify: 'optional_no_ca' },
    own(unknownIssuer),
    `pass ssl-client-verify: ${unknownIssuer.verify}; ${told}`,
  ],
  ['optional_no_ca: an expired one', { verify: 'optional_no_ca' }, own(expired), 'PRT-CERT-2'],
  ['off: whatever comes', { verify: 'off' }, unasked('other.example'), 'pass ssl-client-verify: NONE; '],
  ['error page', { errorPage: 'https://$host/no' }, own(), 'https://shop.example/no'],
  ['error page for a bad one', { errorPage: 'https://help.example/' }, own(expired), 'https://help.example/'],
  [
    'the certificate is passed on',
    { passesCertificate: true },
    own(good),
    `pass ssl-client-verify: SUCCESS; ${told}ssl-client-cert: -----BEGIN%20CERTIFICATE-----; `,
  ],
  ['a subject that matches', { subjectPattern: 'CN=(bob|ali)' }, own(good), `pass ssl-client-verify: SUCCESS; ${told}`],
  ['a subject that does not', { subjectPattern: 'CN=Alice' }, own(good), 'PRT-CERT-3'],
  ['a subject, but no certificate', { subjectPattern: 'CN=', verify: 'optional' }, own(), 'PRT-CERT-3'],
  ['a subject on plain HTTP', { subjectPattern: 'CN=', verify: 'optional' }, 'plain', 'PRT-CERT-3'],
];

describe('client certificates', () => {
  for (const [name, policy, handshake, expected] of rows) {
    it(name, () => assert.equal(outcome(policy, handshake), expected));
  }

  it('takes the handshake of the host for its aliases', () => {
    assert.match(outcome({}, own(good), 'shop.example'), /^pass/);
  });

  it('tells authentication services too', () => {
    const host = {
      name: 'shop.example',
      clientCertificates: { verify: 'on', trust, depth: 1, passesCertificate: false },
    } as unknown as VirtualHost;
    const request = policyRequest({ origin: { isTls: true, tls: { hostName: 'shop.example', trust, certificate: good } } });
    assert.equal(clientCertificateLines(request), '');
    for (const { onRequest } of compileClientCertificates({} as Route, host, {} as RouteCompilerDeps)?.request ?? []) onRequest(request);
    assert.match(clientCertificateLines(request), /^ssl-client-verify: SUCCESS\r\n/);
  });
});
