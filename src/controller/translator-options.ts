// The part of the command line that translation needs, in its own terms.
import type { ListenPorts } from '../model/settings.ts';
import type { TranslatorOptions } from '../translate/options.ts';
import type { ServeOptions } from './serve-options.ts';

const METRIC_PREFIX = 'nginx_ingress_controller_';
/** Series per worker: an ingress controller with a thousand paths and some codes and methods each stays below. */
const MAX_SERIES = 20_000;

interface TranslatorContext {
  /** Ports that are listened on, where the options asked for free ones. */
  readonly ports?: ListenPorts;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
}

/** Options for objects from manifests: no API server has given them the default class. */
export function translatorOptions(options: ServeOptions, { ports, nowMs }: TranslatorContext): TranslatorOptions {
  return {
    ingressClass: options.ingressClass,
    controllerClass: options.controllerClass,
    ingressClassByName: options.ingressClassByName,
    watchIngressWithoutClass: options.watchIngressWithoutClass,
    applyDefaultClass: true,
    watchNamespace: options.watchNamespace,
    watchNamespaceSelector: options.watchNamespaceSelector,
    defaultBackendService: options.defaultBackendService,
    defaultSslCertificate: options.defaultSslCertificate,
    configmap: options.configmap,
    disableCatchAll: options.disableCatchAll,
    disableSvcExternalName: options.disableSvcExternalName,
    annotationsPrefix: options.annotationsPrefix,
    ports: ports ?? { http: options.httpPort, https: options.httpsPort },
    workers: options.workers,
    logFormat: options.logFormat,
    metrics: {
      perHost: options.metricsPerHost,
      perUndefinedHost: options.metricsPerUndefinedHost,
      statusClasses: options.reportStatusClasses,
      timeBuckets: options.timeBuckets,
      lengthBuckets: options.lengthBuckets,
      sizeBuckets: options.sizeBuckets,
      excluded: options.excludeSocketMetrics.map((name) => withoutPrefix(name.toLowerCase())),
      maxSeries: MAX_SERIES,
    },
    nowMs,
  };
}

function withoutPrefix(metric: string): string {
  return metric.startsWith(METRIC_PREFIX) ? metric.slice(METRIC_PREFIX.length) : metric;
}
