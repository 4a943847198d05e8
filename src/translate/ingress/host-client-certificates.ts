// Client certificates of one host. The oldest Ingress that names a CA decides for the whole host; any Ingress of the host whose CA is
// missing or unusable closes all of it (ingress-nginx: `AuthTLSError`), for nobody can tell which of its paths were meant to be open.
import type { ClientCertificatePolicy } from '../../model/policies/client-certificates.ts';
import { formatOrigin } from '../../model/origin.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import type { ClientTrustReader } from '../client-trust.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { ObjectName, TranslatorOptions } from '../options.ts';
import type { ServedIngress } from './served-ingress.ts';

export interface ClientCertificateContext {
  readonly snapshot: Snapshot;
  readonly options: TranslatorOptions;
  readonly clientTrust: ClientTrustReader;
  /** `allow-cross-namespace-resources`. */
  readonly allowsCrossNamespace: boolean;
}

export interface HostClientCertificates {
  readonly policy: ClientCertificatePolicy | undefined;
  /** True: every request to the host gets 403. */
  readonly isClosed: boolean;
  /** Looked at, present or not. */
  readonly secrets: readonly ObjectName[];
  readonly findings: readonly Finding[];
}

/** `ingresses` of the host, oldest first. */
export function resolveClientCertificates(ingresses: readonly ServedIngress[], context: ClientCertificateContext): HostClientCertificates {
  const secrets: ObjectName[] = [];
  const findings: Finding[] = [];
  let policy: ClientCertificatePolicy | undefined;
  let owner: ServedIngress | undefined;
  let isClosed = false;
  for (const served of ingresses) {
    const { secret } = served.annotations.clientCertificates;
    if (secret === undefined) continue;
    const field = annotationField(`${context.options.annotationsPrefix}/auth-tls-secret`);
    if (secret !== 'malformed') secrets.push(secret);
    const reading = readPolicy(served, secret, context);
    if (typeof reading === 'string') {
      isClosed = true;
      findings.push(finding('PRT-ANN-4', `${reading}: all paths of these hosts answer 403`, served.ingress, field));
    } else if (policy === undefined || owner === undefined) {
      policy = reading;
      owner = served;
    } else if (isOther(policy, reading)) {
      const message = `${formatOrigin(owner.ingress.origin)} decides about client certificates of these hosts; this annotation has no effect`;
      findings.push(finding('PRT-RULE-1', message, served.ingress, field));
    }
  }
  return { policy, isClosed, secrets, findings };
}

/** A text: why there is none. */
function readPolicy(
  { ingress, annotations }: ServedIngress,
  secret: ObjectName | 'malformed',
  { snapshot, clientTrust, allowsCrossNamespace }: ClientCertificateContext,
): ClientCertificatePolicy | string {
  if (secret === 'malformed') return 'the value is not of the form namespace/name';
  const title = `Secret ${secret.namespace}/${secret.name}`;
  if (secret.namespace !== ingress.metadata.namespace && !allowsCrossNamespace) {
    return `${title} is in another namespace, which allow-cross-namespace-resources does not allow`;
  }
  const object = snapshot.get('Secret', secret.namespace, secret.name);
  if (object === undefined) return `${title} does not exist`;
  const trust = clientTrust.read(object);
  if (!trust.ok) return `${title} ${trust.error}`;
  const { verify = 'on', depth = 1, errorPage, passesCertificate = false, subjectPattern } = annotations.clientCertificates;
  return {
    verify,
    trust: trust.value,
    depth,
    ...(errorPage !== undefined && { errorPage }),
    passesCertificate,
    ...(subjectPattern !== undefined && { subjectPattern }),
  };
}

function isOther(a: ClientCertificatePolicy, b: ClientCertificatePolicy): boolean {
  const isSame =
    a.trust === b.trust &&
    a.verify === b.verify &&
    a.depth === b.depth &&
    a.errorPage === b.errorPage &&
    a.passesCertificate === b.passesCertificate &&
    a.subjectPattern === b.subjectPattern;
  return !isSame;
}
