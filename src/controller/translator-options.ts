// From the command line to what translation needs of it.
import type { TranslatorOptions } from '../translate/options.ts';
import type { ServeOptions } from './serve-options.ts';

/** Series that one worker keeps: at about a kilobyte each. */
const MAX_SERIES = 20_000;
const METRIC_PREFIX = 'nginx_ingress_controller_';

/** `zone`: of this process, where topology-aware routing is on and it is known. */
export function translatorOptions(options: ServeOptions, zone = ''): TranslatorOptions {
  const excluded = options.excludeSocketMetrics.map((name) => (name.startsWith(METRIC_PREFIX) ? name.slice(METRIC_PREFIX.length) : name));
  return {
    ingressClass: options.ingressClass,
    controllerClass: options.controllerClass,
    ingressClassByName: options.ingressClassByName,
    watchIngressWithoutClass: options.watchIngressWithoutClass,
    // The API server's admission has written the default class into Ingresses already.
    applyDefaultClass: options.manifests.length > 0,
    watchNamespace: options.watchNamespace,
    watchNamespaceSelector: options.watchNamespaceSelector,
    defaultBackendService: options.defaultBackendService,
    defaultSslCertificate: options.defaultSslCertificate,
    configmap: options.configmap,
    tcpServicesConfigmap: options.tcpServicesConfigmap,
    udpServicesConfigmap: options.udpServicesConfigmap,
    ownPorts: ownPorts(options),
    disableCatchAll: options.disableCatchAll,
    allowSnippetAnnotations: options.allowSnippetAnnotations,
    disableSvcExternalName: options.disableSvcExternalName,
    zone,
    deepInspect: options.deepInspect,
    annotationsPrefix: options.annotationsPrefix,
    healthCheckPath: options.healthCheckPath,
    ports: { http: options.httpPort, https: options.httpsPort },
    workers: options.workers,
    tmpSizeLimitBytes: options.tmpSizeLimitBytes,
    logFormat: options.logFormat,
    metrics: {
      perHost: options.metricsPerHost,
      isEnabled: options.enableMetrics,
      perUndefinedHost: options.metricsPerUndefinedHost,
      statusClasses: options.reportStatusClasses,
      timeBuckets: options.timeBuckets,
      lengthBuckets: options.lengthBuckets,
      sizeBuckets: options.sizeBuckets,
      excluded,
      maxSeries: MAX_SERIES,
    },
    nowMs: () => Date.now(),
  };
}

/** A port that the system chooses is left out, except where it was chosen before. */
function ownPorts({ httpPort, httpsPort, healthzPort, validatingWebhook }: ServeOptions): TranslatorOptions['ownPorts'] {
  return [
    { port: httpPort, flag: '--http-port' },
    { port: httpsPort, flag: '--https-port' },
    { port: healthzPort, flag: '--healthz-port' },
    { port: validatingWebhook?.port ?? 0, flag: '--validating-webhook' },
  ].filter(({ port }) => port !== 0);
}
