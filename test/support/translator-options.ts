// Options of a translator as the flags have them by default, for tests.
import type { TranslatorOptions } from '../../src/translate/options.ts';

export function testOptions(changed: Partial<TranslatorOptions> = {}): TranslatorOptions {
  return {
    ingressClass: 'nginx',
    controllerClass: 'k8s.io/ingress-nginx',
    ingressClassByName: false,
    watchIngressWithoutClass: false,
    applyDefaultClass: true,
    watchNamespace: undefined,
    watchNamespaceSelector: undefined,
    defaultBackendService: undefined,
    defaultSslCertificate: undefined,
    configmap: undefined,
    tcpServicesConfigmap: undefined,
    udpServicesConfigmap: undefined,
    ownPorts: [],
    disableCatchAll: false,
    allowSnippetAnnotations: false,
    disableSvcExternalName: false,
    zone: '',
    deepInspect: true,
    annotationsPrefix: 'nginx.ingress.kubernetes.io',
    healthCheckPath: '/healthz',
    ports: { http: 8080, https: 8443 },
    workers: 2,
    tmpSizeLimitBytes: 0,
    logFormat: 'text',
    metrics: {
      perHost: true,
      isEnabled: true,
      perUndefinedHost: false,
      statusClasses: false,
      timeBuckets: [],
      lengthBuckets: [],
      sizeBuckets: [],
      excluded: [],
      maxSeries: 1000,
    },
    nowMs: () => 0,
    ...changed,
  };
}
