// What the command line decides about translation: flags of ingress-nginx with their defaults filled in.
import type { ListenPorts, MetricsSettings } from '../model/settings.ts';
import type { LabelSelector } from './label-selector.ts';

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Names and meanings are those of ingress-nginx's flags where it has them. */
export interface TranslatorOptions {
  /** `--ingress-class`: value of the annotation `kubernetes.io/ingress.class` that is ours. */
  readonly ingressClass: string;
  /** `--controller-class`: `spec.controller` of the IngressClasses that are ours. */
  readonly controllerClass: string;
  /** `--ingress-class-by-name`: an IngressClass named `ingressClass` is ours too. */
  readonly ingressClassByName: boolean;
  readonly watchIngressWithoutClass: boolean;
  /**
   * True: an Ingress without class belongs to the default IngressClass, as the API server's admission would have written into it. For
   * manifests, which no API server has seen; false for objects from an API server, as in ingress-nginx.
   */
  readonly applyDefaultClass: boolean;
  /** `--watch-namespace`; undefined: all. */
  readonly watchNamespace: string | undefined;
  readonly watchNamespaceSelector: LabelSelector | undefined;
  readonly defaultBackendService: ObjectName | undefined;
  readonly defaultSslCertificate: ObjectName | undefined;
  readonly configmap: ObjectName | undefined;
  readonly tcpServicesConfigmap: ObjectName | undefined;
  readonly udpServicesConfigmap: ObjectName | undefined;
  /** Ports that Portico itself listens on, as far as they are known, with their flags: TCP and UDP services cannot have them. */
  readonly ownPorts: readonly { readonly port: number; readonly flag: string }[];
  readonly disableCatchAll: boolean;
  /** `--allow-snippet-annotations`; the ConfigMap key of this name does the same. */
  readonly allowSnippetAnnotations: boolean;
  readonly disableSvcExternalName: boolean;
  /** The zone that this process is in, for `--enable-topology-aware-routing`; empty: endpoints of all zones are used. */
  readonly zone: string;
  /** `--deep-inspect`: Ingresses with text of an nginx configuration in hosts, paths or names of Secrets are ignored. */
  readonly deepInspect: boolean;
  /** `nginx.ingress.kubernetes.io`, without the slash. */
  readonly annotationsPrefix: string;
  /** `--health-check-path`, which the catch-all host answers too. */
  readonly healthCheckPath: string;
  readonly ports: ListenPorts;
  /** Worker threads: `max-worker-connections` is meant for each of them. */
  readonly workers: number;
  /** `--tmp-size-limit`: size of the volume for temporary files; 0: unknown. */
  readonly tmpSizeLimitBytes: number;
  /** `--log-format`; the text itself comes from the ConfigMap. */
  readonly logFormat: 'json' | 'text';
  readonly metrics: MetricsSettings;
  /** Milliseconds since the epoch; only tells whether a certificate has expired. */
  readonly nowMs: () => number;
}
