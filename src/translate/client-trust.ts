// From a Secret to the CA that client certificates of a host must come from: every certificate of `ca.crt` parses, and so does `ca.crl` if
// there is one. Kept as long as the Secret object lives.
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import type { ClientTrust } from '../model/policies/client-certificates.ts';
import type { Secret } from '../resources/objects.ts';

const CERTIFICATE_PEM = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

export class ClientTrustReader {
  readonly #read = new WeakMap<Secret, Result<ClientTrust>>();

  /** The error ends a sentence that starts with the Secret. */
  read(secret: Secret): Result<ClientTrust> {
    let result = this.#read.get(secret);
    if (result === undefined) this.#read.set(secret, (result = readTrust(secret)));
    return result;
  }
}

function readTrust({ data }: Secret): Result<ClientTrust> {
  const caPem = data.get('ca.crt')?.toString('latin1') ?? '';
  const crlPem = data.get('ca.crl')?.toString('latin1') ?? '';
  if (caPem === '') return fail('has no ca.crt');
  const blocks = caPem.match(CERTIFICATE_PEM) ?? [];
  if (blocks.length === 0) return fail('has a ca.crt without a PEM certificate');
  const bad = blocks.findIndex((block) => !isCertificate(block));
  if (bad !== -1) return fail(`has a ca.crt whose certificate ${bad + 1} cannot be parsed`);
  try {
    createSecureContext({ ca: blocks.join('\n'), ...(crlPem !== '' && { crl: crlPem }) });
  } catch {
    return fail('has a ca.crl that cannot be parsed');
  }
  return ok({ caPem: blocks.join('\n'), crlPem });
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
