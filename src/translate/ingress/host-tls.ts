// The certificate of a host. The oldest Ingress of the host that has a TLS section decides; a younger one never repairs what an older
// one got wrong (ingress-nginx, `createServers` and `extractTLSSecretName`).
import type { Result } from '../../kit/result.ts';
import type { Certificate } from '../../model/certificate.ts';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { HostName, HostTls } from '../../model/route.ts';
import type { Ingress } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { coversHost } from '../certificate.ts';
import type { KeyPair, KeyPairReader } from '../certificate.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { ObjectName } from '../options.ts';

export interface HostTlsReading {
  readonly tls: HostTls;
  /** The certificate that `tls` names. */
  readonly certificate: Certificate | undefined;
  /** What that certificate is for. */
  readonly names: readonly string[];
  /** Secrets that were looked at, present or not: the reading holds until one of them changes. */
  readonly secrets: readonly ObjectName[];
  readonly findings: readonly Finding[];
}

export interface TlsContext {
  readonly snapshot: Snapshot;
  readonly keyPairs: KeyPairReader;
}

const DEFAULT_SHOWN = 'the default certificate is shown instead';

/** `ingresses` that name the host, oldest first. Host-less rules always get the default certificate. */
export function resolveHostTls(host: HostName, ingresses: Iterable<Ingress>, context: TlsContext): HostTlsReading {
  if (host === CATCH_ALL_HOST) return WITHOUT_TLS;
  for (const ingress of ingresses) {
    if (ingress.spec.tls.length > 0) return new SectionReading(host, ingress, context).result();
  }
  return WITHOUT_TLS;
}

const WITHOUT_TLS: HostTlsReading = { tls: { kind: 'none' }, certificate: undefined, names: [], secrets: [], findings: [] };

/** The certificate of `--default-ssl-certificate`, which host `_` shows to everybody who has no better one. */
export function resolveDefaultCertificate(name: ObjectName, context: TlsContext): HostTlsReading {
  const pair = readPair(name.namespace, name.name, context);
  if (pair?.ok === true) return withCertificate(pair.value, [name], []);
  const title = `Secret ${name.namespace}/${name.name}`;
  const message = `${title} ${pair === undefined ? 'does not exist' : pair.error}; a self-signed certificate is shown instead`;
  const flag = { origin: { kind: 'Flag', namespace: '', name: '--default-ssl-certificate' } };
  return { tls: { kind: 'none' }, certificate: undefined, names: [], secrets: [name], findings: [finding('PRT-TLS-5', message, flag)] };
}

class SectionReading {
  readonly #host: HostName;
  readonly #ingress: Ingress;
  readonly #context: TlsContext;
  readonly #secrets: ObjectName[] = [];
  readonly #findings: Finding[] = [];

  constructor(host: HostName, ingress: Ingress, context: TlsContext) {
    this.#host = host;
    this.#ingress = ingress;
    this.#context = context;
  }

  result(): HostTlsReading {
    const pair = this.#findPair();
    if (pair !== undefined) return withCertificate(pair, this.#secrets, this.#findings);
    return { tls: { kind: 'default-certificate' }, certificate: undefined, names: [], secrets: this.#secrets, findings: this.#findings };
  }

  /** The Secret of the entry that lists the host; else the first one whose certificate covers the host. */
  #findPair(): KeyPair | undefined {
    const listed = this.#ingress.spec.tls.findIndex((entry) => entry.hosts.includes(this.#host));
    return listed === -1 ? this.#findCoveringPair() : this.#readListed(listed);
  }

  #readListed(index: number): KeyPair | undefined {
    const pair = this.#read(index, `; ${DEFAULT_SHOWN}`);
    if (pair === undefined || coversHost(pair.names, this.#host)) return pair;
    const names = pair.names.length === 0 ? 'no host' : pair.names.slice(0, 5).join(', ');
    this.#findings.push(
      finding(
        'PRT-TLS-3',
        `the certificate is for ${names}, not for ${this.#host}; ${DEFAULT_SHOWN}`,
        this.#ingress,
        `spec.tls[${index}].secretName`,
      ),
    );
    return undefined;
  }

  #findCoveringPair(): KeyPair | undefined {
    for (const index of this.#ingress.spec.tls.keys()) {
      const pair = this.#read(index, '');
      if (pair !== undefined && coversHost(pair.names, this.#host)) return pair;
    }
    const message = `spec.tls does not list ${this.#host}, and none of its certificates covers it; ${DEFAULT_SHOWN}`;
    this.#findings.push(finding('PRT-TLS-3', message, this.#ingress, 'spec.tls'));
    return undefined;
  }

  /** An entry without Secret asks for the default certificate, and is no mistake. */
  #read(index: number, consequence: string): KeyPair | undefined {
    const secretName = this.#ingress.spec.tls[index]?.secretName ?? '';
    if (secretName === '') return undefined;
    const { namespace } = this.#ingress.metadata;
    this.#secrets.push({ namespace, name: secretName });
    const pair = readPair(namespace, secretName, this.#context);
    if (pair?.ok === true) return pair.value;
    const code = pair === undefined ? 'PRT-TLS-1' : 'PRT-TLS-2';
    const problem = pair === undefined ? 'does not exist' : pair.error;
    const message = `Secret ${namespace}/${secretName} ${problem}${consequence}`;
    this.#findings.push(finding(code, message, this.#ingress, `spec.tls[${index}].secretName`));
    return undefined;
  }
}

/** Undefined: no such Secret. */
function readPair(namespace: string, name: string, { snapshot, keyPairs }: TlsContext): Result<KeyPair> | undefined {
  const secret = snapshot.get('Secret', namespace, name);
  return secret === undefined ? undefined : keyPairs.read(secret);
}

function withCertificate({ certificate, names }: KeyPair, secrets: readonly ObjectName[], findings: readonly Finding[]): HostTlsReading {
  return { tls: { kind: 'certificate', certificate: certificate.key }, certificate, names, secrets, findings };
}
