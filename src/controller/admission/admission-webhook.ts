// The admission webhook of `portico serve` (`--validating-webhook`): its server, its checks, and what they say in the log.
import type { Logger } from 'pino';
import type { AdmissionMetrics } from '../../observe/metrics-page.ts';
import type { Ingress } from '../../resources/objects.ts';
import type { AdmissionVerdict } from '../../translate/admission.ts';
import { explainListenError } from '../ports.ts';
import type { ServeOptions } from '../serve-options.ts';
import { AdmissionChecks } from './checks.ts';
import { listenWebhookServer } from './webhook-server.ts';

/** Two small files: cheap enough to look at often, so that a renewed certificate is used before the old one ends. */
const REREAD_CERTIFICATE_EVERY_MS = 1_000;

export interface AdmissionWebhook {
  readonly port: number;
  readonly metrics: AdmissionMetrics;
  close(): Promise<void>;
}

export interface AdmissionWebhookDeps {
  /** Against what is served now. */
  readonly check: (ingress: Ingress) => AdmissionVerdict;
  readonly isOurs: (ingress: Ingress) => boolean;
  readonly log: Logger;
}

/** Listens, once what is served is known; undefined where no webhook is asked for. Rejects with a message for the operator. */
export async function startAdmissionWebhook(options: ServeOptions, deps: AdmissionWebhookDeps): Promise<AdmissionWebhook | undefined> {
  const { validatingWebhook, validatingWebhookCertificate: certificatePath, validatingWebhookKey: keyPath } = options;
  if (validatingWebhook === undefined) return undefined;
  const { host, port } = validatingWebhook;
  const { check, isOurs, log } = deps;
  const checks = new AdmissionChecks({
    check,
    isOurs,
    nowMs: () => performance.now(),
    onRefusal: ({ namespace, name }, reason) =>
      log.info({ ingress: `${namespace}/${name}`, reason }, 'the admission webhook refused an Ingress'),
  });
  try {
    const server = await listenWebhookServer({
      host: host === '' ? undefined : host,
      port,
      certificatePath,
      keyPath,
      rereadEveryMs: REREAD_CERTIFICATE_EVERY_MS,
      review: (body) => checks.review(body),
      onCertificateChange: () => log.info('the admission webhook has a new certificate'),
      onCertificateError: (reason) =>
        log.error({ reason }, 'the certificate of the admission webhook cannot be read; the last one is kept'),
    });
    log.info(`admission webhook on port ${server.port}`);
    return {
      port: server.port,
      get metrics() {
        return checks.metrics;
      },
      close: () => server.close(),
    };
  } catch (error) {
    throw new Error(explain(error, { host, port }), { cause: error });
  }
}

function explain(error: unknown, { host, port }: { readonly host: string; readonly port: number }): string {
  if (!(error instanceof Error)) return String(error);
  const isListen = 'syscall' in error && error.syscall === 'listen' && 'code' in error;
  return isListen
    ? explainListenError(String(error.code), { flag: '--validating-webhook', host, port })
    : `admission webhook: ${error.message}`;
}
