// The registry of the flags of `serve` and `check`: command line, help and docs/reference/flags.md are made from it. Names, meanings and
// defaults are those of ingress-nginx where it has the flag. A default is text and goes through the parser of its flag, so that what
// the reference page shows is what holds.
import type { ServeOptions } from '../controller/serve-options.ts';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { integerBetween, oneOf, parseBool } from '../translate/value-parsers.ts';
import { clusterFlags } from './cluster-flags.ts';
import { joined } from './flag.ts';
import type { FlagKey, FlagTable } from './flag.ts';
import {
  parseAddress,
  parseAnnotationsPrefix,
  parseBuckets,
  parseDurationMs,
  parseFilePath,
  parseNamespace,
  parseObjectName,
  parsePath,
  parsePort,
  parseSelector,
  parseWord,
  parseWords,
  parseWorkers,
} from './flag-values.ts';

const objects = { group: 'Objects', use: 'translation', isFromIngressNginx: true } as const;
const classes = { group: 'Classes and namespaces', use: 'translation', isFromIngressNginx: true } as const;
const ports = { group: 'Ports', use: 'serve', isFromIngressNginx: true } as const;
const traffic = { group: 'Traffic', use: 'translation', isFromIngressNginx: true } as const;
const metrics = { group: 'Metrics and log', use: 'serve', isFromIngressNginx: true } as const;
const life = { group: 'Life', use: 'serve', isFromIngressNginx: true } as const;

export const flags: FlagTable = {
  manifests: {
    ...objects,
    use: 'serve',
    isFromIngressNginx: false,
    name: 'manifests',
    placeholder: 'path',
    defaultText: '',
    parse: parseFilePath,
    append: joined,
    summary: 'Directory or file with Kubernetes manifests, watched for changes, instead of an API server. May be given several times.',
  },
  kubeconfig: {
    ...objects,
    use: 'serve',
    name: 'kubeconfig',
    placeholder: 'file',
    defaultText: '',
    parse: ok,
    summary: 'File with the address of the API server and the credentials for it. Without it those of the pod are used.',
  },
  apiserverHost: {
    ...objects,
    use: 'serve',
    name: 'apiserver-host',
    placeholder: 'address',
    defaultText: '',
    parse: ok,
    summary: 'Address of the API server, such as "https://10.0.0.1:6443", in place of the one in the kubeconfig or of the pod.',
  },
  certificateAuthority: {
    ...objects,
    use: 'serve',
    name: 'certificate-authority',
    placeholder: 'file',
    defaultText: '',
    parse: ok,
    summary: 'File with the certificates of the authorities that may vouch for the API server.',
  },
  snapshot: {
    ...objects,
    use: 'serve',
    isFromIngressNginx: false,
    name: 'snapshot',
    placeholder: 'file',
    defaultText: '',
    parse: ok,
    summary:
      'File that keeps the last state, for a start while the API server does not answer. It holds Secrets; only its owner can read it.',
  },
  configmap: {
    ...objects,
    name: 'configmap',
    placeholder: 'ns/name',
    defaultText: '',
    parse: parseObjectName,
    summary: 'ConfigMap with the global settings.',
  },
  defaultBackendService: {
    ...objects,
    name: 'default-backend-service',
    placeholder: 'ns/name',
    defaultText: '',
    parse: parseObjectName,
    summary: 'Service whose first port takes the requests that no rule matches. Without it Portico answers them with 404.',
  },
  defaultSslCertificate: {
    ...objects,
    name: 'default-ssl-certificate',
    placeholder: 'ns/name',
    defaultText: '',
    parse: parseObjectName,
    summary: 'TLS Secret for hosts without a certificate of their own. Without it a self-signed certificate is made at each start.',
  },
  ingressClass: {
    ...classes,
    name: 'ingress-class',
    placeholder: 'name',
    defaultText: 'nginx',
    parse: parseWord,
    summary: 'Value of the annotation kubernetes.io/ingress.class of the Ingresses to serve.',
  },
  controllerClass: {
    ...classes,
    name: 'controller-class',
    placeholder: 'name',
    defaultText: 'k8s.io/ingress-nginx',
    parse: parseWord,
    summary: 'Value of spec.controller of the IngressClasses to serve; also the metric label controller_class.',
  },
  ingressClassByName: {
    ...classes,
    name: 'ingress-class-by-name',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Also serve the IngressClass that is named as --ingress-class says, whatever its controller.',
  },
  watchIngressWithoutClass: {
    ...classes,
    name: 'watch-ingress-without-class',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Also serve Ingresses that have neither ingressClassName nor the annotation.',
  },
  watchNamespace: {
    ...classes,
    name: 'watch-namespace',
    placeholder: 'name',
    defaultText: '',
    parse: parseNamespace,
    summary: 'Serve only the Ingresses of this namespace.',
  },
  watchNamespaceSelector: {
    ...classes,
    name: 'watch-namespace-selector',
    placeholder: 'selector',
    defaultText: '',
    parse: parseSelector,
    summary:
      'Serve only the Ingresses of namespaces with these labels, such as "team=shop,stage in (prod,test)". Not together with --watch-namespace.',
  },
  annotationsPrefix: {
    ...classes,
    name: 'annotations-prefix',
    placeholder: 'prefix',
    defaultText: 'nginx.ingress.kubernetes.io',
    parse: parseAnnotationsPrefix,
    summary: 'Prefix of the annotations that are read, without the slash.',
  },
  httpPort: {
    ...ports,
    name: 'http-port',
    placeholder: 'port',
    defaultText: '80',
    parse: parsePort,
    summary: 'Port for HTTP; 0 takes a free one.',
  },
  httpsPort: {
    ...ports,
    name: 'https-port',
    placeholder: 'port',
    defaultText: '443',
    parse: parsePort,
    summary: 'Port for HTTPS; 0 takes a free one.',
  },
  bind: {
    ...ports,
    isFromIngressNginx: false,
    name: 'bind',
    placeholder: 'address',
    defaultText: '',
    parse: parseAddress,
    summary: 'Address of the HTTP and HTTPS ports. Empty: all addresses, IPv4 and IPv6.',
  },
  healthzPort: {
    ...ports,
    name: 'healthz-port',
    placeholder: 'port',
    defaultText: '10254',
    parse: parsePort,
    summary: 'Port for health, readiness and metrics; 0 takes a free one.',
  },
  healthzHost: {
    ...ports,
    name: 'healthz-host',
    placeholder: 'address',
    defaultText: '',
    parse: parseAddress,
    summary: 'Address of the health port. Empty: all addresses.',
  },
  healthCheckPath: {
    ...ports,
    name: 'health-check-path',
    placeholder: 'path',
    defaultText: '/healthz',
    parse: parsePath,
    summary: 'Path of the health check on the health port, and on the HTTP ports for hosts that no object names.',
  },
  workers: {
    ...traffic,
    use: 'serve',
    isFromIngressNginx: false,
    name: 'workers',
    placeholder: 'count',
    defaultText: 'auto',
    parse: parseWorkers,
    summary: 'Threads that carry traffic. "auto" is one for each core.',
  },
  disableCatchAll: {
    ...traffic,
    name: 'disable-catch-all',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Ignore Ingresses with spec.defaultBackend.',
  },
  disableSvcExternalName: {
    ...traffic,
    name: 'disable-svc-external-name',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Treat Services of type ExternalName as if they had no endpoints.',
  },
  deepInspect: {
    ...traffic,
    name: 'deep-inspect',
    placeholder: null,
    defaultText: 'true',
    parse: parseBool,
    summary: 'Ignore Ingresses with text of an nginx configuration in hosts, paths or names of Secrets.',
  },
  ...clusterFlags,
  enableMetrics: {
    ...metrics,
    name: 'enable-metrics',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Collect the request metrics of ingress-nginx.',
  },
  metricsPerHost: {
    ...metrics,
    name: 'metrics-per-host',
    placeholder: null,
    defaultText: 'true',
    parse: parseBool,
    summary: 'Give request metrics the label host.',
  },
  metricsPerUndefinedHost: {
    ...metrics,
    name: 'metrics-per-undefined-host',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Also count requests for hosts that no Ingress names literally.',
  },
  reportStatusClasses: {
    ...metrics,
    name: 'report-status-classes',
    placeholder: null,
    defaultText: 'false',
    parse: parseBool,
    summary: 'Report status classes (2xx) instead of status codes.',
  },
  excludeSocketMetrics: {
    ...metrics,
    name: 'exclude-socket-metrics',
    placeholder: 'names',
    defaultText: '',
    parse: parseWords,
    append: joined,
    summary: 'Request metrics to leave out, separated by commas, with or without the prefix nginx_ingress_controller_.',
  },
  timeBuckets: {
    ...metrics,
    name: 'time-buckets',
    placeholder: 'seconds',
    defaultText: '0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10',
    parse: parseBuckets,
    summary: 'Bounds of the histograms of durations.',
  },
  lengthBuckets: {
    ...metrics,
    name: 'length-buckets',
    placeholder: 'bytes',
    defaultText: '10,20,30,40,50,60,70,80,90,100',
    parse: parseBuckets,
    summary: 'Bounds of the histograms of request and response sizes.',
  },
  sizeBuckets: {
    ...metrics,
    name: 'size-buckets',
    placeholder: 'bytes',
    defaultText: '10,100,1000,10000,100000,1000000,10000000',
    parse: parseBuckets,
    summary: 'Bounds of the histogram of bytes sent.',
  },
  logFormat: {
    ...metrics,
    isFromIngressNginx: false,
    name: 'log-format',
    placeholder: 'format',
    defaultText: 'text',
    parse: oneOf(['json', 'text']),
    summary: 'Format of the access log: "text" as in ingress-nginx (the ConfigMap may change it), or "json".',
  },
  verbosity: {
    ...metrics,
    name: 'v',
    short: 'v',
    placeholder: 'level',
    defaultText: '0',
    parse: integerBetween(0, 10),
    summary: 'How much the log of the controller says: 3 adds what changed, 5 everything.',
  },
  shutdownGracePeriodMs: {
    ...life,
    name: 'shutdown-grace-period',
    placeholder: 'duration',
    defaultText: '0',
    parse: parseDurationMs,
    summary: 'Time between SIGTERM and the end of accepting connections, for load balancers to notice: "10s", "1m", or seconds.',
  },
  postShutdownGracePeriodMs: {
    ...life,
    name: 'post-shutdown-grace-period',
    placeholder: 'duration',
    defaultText: '10',
    parse: parseDurationMs,
    summary: 'Time between the end of the last request and the exit: "10s", "1m", or seconds.',
  },
};

/** In the order of the registry. */
export const flagKeys = Object.keys(flags) as readonly FlagKey[];

/** Parses one value of a flag; the error is a whole sentence that names the flag. */
export function parseFlag<K extends FlagKey>(key: K, text: string): Result<ServeOptions[K]> {
  const flag = flags[key];
  const value = flag.parse(text);
  return value.ok ? value : fail(`the value ${JSON.stringify(text)} ${value.error}`);
}
