// What the command line of `portico serve` decides, resolved: every default is filled in and every value is in the model's units.
// src/cli/flags.ts has one flag for each member.
import type { LabelSelector } from '../translate/label-selector.ts';
import type { ObjectName } from '../translate/options.ts';

export interface ListenAddress {
  /** An IP address; empty: all addresses. */
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
}

export interface ServeOptions {
  /** Directories and files, as written; none: objects come from an API server. */
  readonly manifests: readonly string[];
  /** File with the way to the API server; empty: the service account of the pod, or `apiserverHost` alone. */
  readonly kubeconfig: string;
  /** Address of the API server; empty: that of the kubeconfig or of the pod. */
  readonly apiserverHost: string;
  /** File with the CA of the API server; empty: that of the kubeconfig or of the service account. */
  readonly certificateAuthority: string;
  /** File that keeps the last state for a start without an API server; empty: none. */
  readonly snapshot: string;
  /** 0: a free port. */
  readonly httpPort: number;
  /** 0: a free port. */
  readonly httpsPort: number;
  /** Health, readiness and metrics. 0: a free port. */
  readonly healthzPort: number;
  /** Address of the health port; empty: all addresses. */
  readonly healthzHost: string;
  /** Begins with `/`. */
  readonly healthCheckPath: string;
  /** Address of the HTTP and HTTPS ports; empty: all addresses, IPv4 and IPv6. */
  readonly bind: string;
  /** At least 1. */
  readonly workers: number;
  /** Size of the volume for temporary files; 0: unknown. */
  readonly tmpSizeLimitBytes: number;
  readonly ingressClass: string;
  readonly controllerClass: string;
  readonly ingressClassByName: boolean;
  readonly watchIngressWithoutClass: boolean;
  /** Undefined: all namespaces. Never set together with `watchNamespaceSelector`. */
  readonly watchNamespace: string | undefined;
  readonly watchNamespaceSelector: LabelSelector | undefined;
  readonly configmap: ObjectName | undefined;
  readonly tcpServicesConfigmap: ObjectName | undefined;
  readonly udpServicesConfigmap: ObjectName | undefined;
  readonly defaultBackendService: ObjectName | undefined;
  readonly defaultSslCertificate: ObjectName | undefined;
  readonly annotationsPrefix: string;
  /** Where the admission webhook listens; undefined: there is none. */
  readonly validatingWebhook: ListenAddress | undefined;
  /** File with the certificate of the webhook and its chain; empty only where there is no webhook. */
  readonly validatingWebhookCertificate: string;
  /** File with the key of that certificate. */
  readonly validatingWebhookKey: string;
  readonly disableCatchAll: boolean;
  readonly allowSnippetAnnotations: boolean;
  readonly disableSvcExternalName: boolean;
  readonly deepInspect: boolean;
  readonly enableTopologyAwareRouting: boolean;
  /** Never set together with `publishStatusAddress`. */
  readonly publishService: ObjectName | undefined;
  /** IP addresses and host names; none: those of `publishService`, or of nodes. */
  readonly publishStatusAddress: readonly string[];
  readonly reportNodeInternalIp: boolean;
  readonly updateStatus: boolean;
  readonly updateStatusOnShutdown: boolean;
  readonly statusUpdateIntervalMs: number;
  /** Name of the Lease. */
  readonly electionId: string;
  /** Whole seconds. */
  readonly electionTtlMs: number;
  readonly disableLeaderElection: boolean;
  readonly disableSyncEvents: boolean;
  readonly enableMetrics: boolean;
  readonly metricsPerHost: boolean;
  readonly metricsPerUndefinedHost: boolean;
  readonly reportStatusClasses: boolean;
  /** As written, with or without the prefix of ingress-nginx's metrics. */
  readonly excludeSocketMetrics: readonly string[];
  /** Seconds, ascending. */
  readonly timeBuckets: readonly number[];
  /** Bytes, ascending. */
  readonly lengthBuckets: readonly number[];
  /** Bytes, ascending. */
  readonly sizeBuckets: readonly number[];
  /** From SIGTERM, when readiness begins to fail, until no new connection is accepted. */
  readonly shutdownGracePeriodMs: number;
  /** From the end of the drain to the exit. */
  readonly postShutdownGracePeriodMs: number;
  readonly logFormat: 'json' | 'text';
  /** 0 to 10, as klog's `-v`: 0 to 2 what an operator needs, 3 and 4 what changed, from 5 on everything. */
  readonly verbosity: number;
}
