// The certificate of the TLS scenarios: self-signed, ECDSA P-256, for `localhost`, the only name that wrk can resolve and send as SNI.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BenchCertificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Certificate and key in one file, as HAProxy wants it. */
  readonly combinedPath: string;
}

/** Makes the files in `directory`. Throws if openssl fails. */
export function createCertificate(directory: string): BenchCertificate {
  const certificatePath = join(directory, 'localhost.crt');
  const keyPath = join(directory, 'localhost.key');
  const combinedPath = join(directory, 'localhost.pem');
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', keyPath, '-out', certificatePath],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) {
    throw new Error(`openssl could not make a certificate: ${stderr}`);
  }
  writeFileSync(combinedPath, readFileSync(certificatePath, 'utf8') + readFileSync(keyPath, 'utf8'), { mode: 0o600 });
  return { certificatePath, keyPath, combinedPath };
}
