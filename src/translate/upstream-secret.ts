// From a Secret of `proxy-ssl-secret` to trusted certificates and a client certificate that were checked. Parsing costs a fraction of a
// millisecond, so results are kept as long as the Secret object lives.
import { X509Certificate } from 'node:crypto';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { upstreamSecretKey } from '../model/upstream-tls.ts';
import type { UpstreamSecret } from '../model/upstream-tls.ts';
import type { Secret } from '../resources/objects.ts';
import type { KeyPairReader } from './certificate.ts';

const CERTIFICATE_PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

export class UpstreamSecretReader {
  readonly #read = new WeakMap<Secret, Result<UpstreamSecret>>();
  readonly #keyPairs: KeyPairReader;

  constructor(keyPairs: KeyPairReader) {
    this.#keyPairs = keyPairs;
  }

  /**
   * The error ends a sentence that starts with the Secret; it never holds anything of the key. `ca.crt` alone gives trust without a client
   * certificate, a key pair alone the other way round (ingress-nginx: `getPemCertificate`).
   */
  read(secret: Secret): Result<UpstreamSecret> {
    let result = this.#read.get(secret);
    if (result === undefined) this.#read.set(secret, (result = this.#readSecret(secret)));
    return result;
  }

  #readSecret(secret: Secret): Result<UpstreamSecret> {
    const trustPem = secret.data.get('ca.crt')?.toString('latin1') ?? '';
    const hasPair = secret.data.has('tls.crt') || secret.data.has('tls.key');
    if (trustPem === '' && !hasPair) return fail('has neither ca.crt nor tls.crt and tls.key');
    const problem = trustPem === '' ? undefined : trustProblem(trustPem);
    if (problem !== undefined) return fail(problem);
    const pair = hasPair ? this.#keyPairs.read(secret) : undefined;
    if (pair?.ok === false) return pair;
    const { namespace, name } = secret.metadata;
    return ok({
      key: upstreamSecretKey(namespace, name),
      trustPem,
      chainPem: pair?.value.certificate.chainPem ?? '',
      privateKeyPem: pair?.value.certificate.privateKeyPem ?? '',
      origin: secret.origin,
    });
  }
}

function trustProblem(pem: string): string | undefined {
  const blocks = pem.match(CERTIFICATE_PEM) ?? [];
  if (blocks.length === 0) return 'has a ca.crt without a PEM certificate';
  for (const [index, block] of blocks.entries()) {
    try {
      void new X509Certificate(block);
    } catch {
      return `has a ca.crt whose certificate ${index + 1} cannot be parsed`;
    }
  }
  return undefined;
}
