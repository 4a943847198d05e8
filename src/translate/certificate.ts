// From a Secret to a key pair that was checked: every certificate of the chain parses, the key parses and belongs to the first one.
// Parsing costs a fraction of a millisecond, so results are kept as long as the Secret object lives.
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { certificateKey } from '../model/certificate.ts';
import type { Certificate } from '../model/certificate.ts';
import type { Secret } from '../resources/objects.ts';

export interface KeyPair {
  readonly certificate: Certificate;
  /** Lower-case DNS names of the leaf: subject alternative names, or the common name where there are none (RFC 6125 section 6.4.4). */
  readonly names: readonly string[];
}

/** Reads Secrets and remembers what it read. */
export class KeyPairReader {
  readonly #read = new WeakMap<Secret, Result<KeyPair>>();

  /** The error ends a sentence that starts with the Secret; it never holds anything of the key. */
  read(secret: Secret): Result<KeyPair> {
    let result = this.#read.get(secret);
    if (result === undefined) this.#read.set(secret, (result = readKeyPair(secret)));
    return result;
  }
}

/**
 * Whether a host is covered by one of the names of a certificate, as Go's `VerifyHostname`, which ingress-nginx uses: `*.` stands
 * for exactly one label, and a wildcard host is only covered by the very same name.
 */
export function coversHost(names: readonly string[], host: string): boolean {
  if (names.includes(host)) return true;
  const dot = host.indexOf('.');
  return dot > 0 && !host.startsWith('*.') && names.includes(`*${host.slice(dot)}`);
}

function readKeyPair(secret: Secret): Result<KeyPair> {
  const chainPem = secret.data.get('tls.crt')?.toString('latin1') ?? '';
  const privateKeyPem = secret.data.get('tls.key')?.toString('latin1') ?? '';
  if (chainPem === '' || privateKeyPem === '') return fail(`has no ${chainPem === '' ? 'tls.crt' : 'tls.key'}`);
  const chain = parseChain(chainPem);
  if (!chain.ok) return chain;
  const leaf = chain.value;
  const problem = keyProblem(leaf, privateKeyPem);
  if (problem !== undefined) return fail(problem);
  const issuer = nameAttributes(leaf.issuer);
  const { namespace, name } = secret.metadata;
  return ok({
    names: namesOf(leaf),
    certificate: {
      key: certificateKey(namespace, name),
      chainPem,
      privateKeyPem,
      notAfterMs: leaf.validToDate.getTime(),
      serialNumber: leaf.serialNumber,
      issuerCommonName: issuer.get('CN') ?? '',
      issuerOrganization: issuer.get('O') ?? '',
      publicKeyAlgorithm: publicKeyAlgorithm(leaf),
      origin: secret.origin,
    },
  });
}

const CERTIFICATE_PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The leaf of a chain of which all parse. */
function parseChain(pem: string): Result<X509Certificate> {
  const blocks = pem.match(CERTIFICATE_PEM) ?? [];
  let leaf: X509Certificate | undefined;
  for (const [index, block] of blocks.entries()) {
    try {
      const certificate = new X509Certificate(block);
      leaf ??= certificate;
    } catch {
      return fail(`has a tls.crt whose certificate ${index + 1} cannot be parsed`);
    }
  }
  return leaf === undefined ? fail('has a tls.crt without a PEM certificate') : ok(leaf);
}

function keyProblem(leaf: X509Certificate, privateKeyPem: string): string | undefined {
  try {
    return leaf.checkPrivateKey(createPrivateKey(privateKeyPem))
      ? undefined
      : 'has a tls.key that does not belong to the certificate in tls.crt';
  } catch {
    return 'has a tls.key that is not a private key in PEM without passphrase';
  }
}

function namesOf(leaf: X509Certificate): readonly string[] {
  const names = (leaf.subjectAltName ?? '')
    .split(', ')
    // Names with special characters are quoted by Node; no host can equal them.
    .filter((entry) => entry.startsWith('DNS:') && !entry.includes('"'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase());
  if (names.length > 0 || leaf.subjectAltName !== undefined) return names;
  const commonName = nameAttributes(leaf.subject).get('CN');
  return commonName === undefined ? [] : [commonName.toLowerCase()];
}

/** Attributes of a distinguished name as Node prints it: one `KEY=value` a line; of repeated ones the first. */
function nameAttributes(text: string | undefined): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const line of (text ?? '').split('\n')) {
    const equals = line.indexOf('=');
    const key = line.slice(0, Math.max(equals, 0));
    if (key !== '' && !attributes.has(key)) attributes.set(key, line.slice(equals + 1));
  }
  return attributes;
}

/** In the words of Go's x509, which ingress-nginx's metric label uses. */
function publicKeyAlgorithm(leaf: X509Certificate): string {
  const type = leaf.publicKey.asymmetricKeyType;
  switch (type) {
    case 'rsa':
    case 'rsa-pss':
      return 'RSA';
    case 'ec':
      return 'ECDSA';
    case 'ed25519':
      return 'Ed25519';
    case 'dsa':
      return 'DSA';
    default:
      return type ?? '';
  }
}
