// Global settings of the data plane, fully resolved: flags and ConfigMap keys with every default filled in. Names follow the
// ConfigMap keys of ingress-nginx. `translate/configmap` makes them; workers compile them with the hosts.
import type { BufferBounds } from './policies/buffering.ts';
import type { CompressionSettings } from './policies/compression.ts';
import type { HeaderField } from './policies/header-fields.ts';
import type { BlockedClients } from './policies/access.ts';
import type { Snippet, SnippetMap } from './policies/snippet.ts';
import type { TracingSettings } from './policies/tracing.ts';
import type { ProxyParameters } from './route.ts';

export interface Settings {
  readonly ports: ListenPorts;
  /** Where the ports are opened, unless `--bind` says it; none: all addresses, IPv4 and IPv6. */
  readonly listenOn: readonly ListenHost[];
  readonly proxy: ProxyParameters;
  readonly bufferBounds: BufferBounds;
  readonly upstreamKeepalive: UpstreamKeepalive;
  readonly client: ClientLimits;
  readonly forwarded: ForwardedSettings;
  readonly tls: TlsSettings;
  readonly hsts: Hsts;
  readonly log: AccessLogSettings;
  readonly authService: AuthServiceSettings;
  /** Whether requests to authentication services have lines of the access log. */
  readonly logsAuthRequests: boolean;
  /** True: `Server: nginx` on every response, as ingress-nginx's key does. False: no Server header, the backend's is dropped. */
  readonly serverTokens: boolean;
  readonly allowBackendServerHeader: boolean;
  /** Lower-case names of backend response headers that are not passed on. */
  readonly hideHeaders: readonly string[];
  readonly limits: LimitSettings;
  readonly compression: CompressionSettings;
  /** Fields of every response, Portico's own ones too, instead of the backend's. */
  readonly addHeaders: readonly HeaderField[];
  /** Fields of every request towards a backend, instead of the client's and of Portico's own. */
  readonly proxySetHeaders: readonly HeaderField[];
  readonly blocked: BlockedClients;
  /** ConfigMap keys `http-snippet`, `server-snippet` and `location-snippet`: they hold for every route. Absent: none of them. */
  readonly snippets?: GlobalSnippets;
  /** False: request headers with an underscore in their name are dropped. */
  readonly underscoresInHeaders: boolean;
  /** False: redirects made by Portico itself have an absolute Location. */
  readonly relativeRedirects: boolean;
  readonly usePortInRedirects: boolean;
  /** False: the response header `X-Portico-Error` is left out. */
  readonly errorHeader: boolean;
  /**
   * `safe`: dot segments are removed before the path is sent on. `nginx`: the request target is sent on as received. Matching is the same.
   * ConfigMap key `portico-path-forwarding`.
   */
  readonly pathForwarding: 'safe' | 'nginx';
  readonly tracing: TracingSettings;
  readonly metrics: MetricsSettings;
  /** True: only IPv4 addresses of names are used (ConfigMap key `disable-ipv6-dns`). */
  readonly resolvesIpv4Only: boolean;
}

/** What holds for all authentication services (`auth-url`, `global-auth-url`). */
export interface AuthServiceSettings {
  /** Requests of one worker that may wait for them at the same time. */
  readonly maxWaiting: number;
  /** What becomes of a request when its service gives no answer or 5xx, or when too many wait. ConfigMap key `portico-auth-failure`. */
  readonly onFailure: 'refuse' | 'serve';
}

/** Ports that the controller listens on, as reported in X-Forwarded-Port: `https` is reported as 443. */
export interface ListenPorts {
  readonly http: number;
  readonly https: number;
}

export interface ListenHost {
  /** An IP address. */
  readonly address: string;
  /** True: nobody has named it, so that a machine without addresses of this family is no reason to complain. */
  readonly isOptional: boolean;
}

export interface UpstreamKeepalive {
  /** Idle connections kept per worker and upstream; 0: close after each request. */
  readonly connections: number;
  readonly idleTimeoutMs: number;
  /** A connection older than this is not used again. */
  readonly lifetimeMs: number;
  readonly requests: number;
}

export interface ClientLimits {
  /** From the first byte of a request head to its end. */
  readonly headerTimeoutMs: number;
  /** Between two reads of a request body. */
  readonly bodyTimeoutMs: number;
  /** Least average rate of a request body over 30 s; 0: none. */
  readonly bodyMinBytesPerSecond: number;
  /** Between two writes that make progress. */
  readonly sendTimeoutMs: number;
  /** Idle time between two requests; 0: close after each response. */
  readonly keepAliveMs: number;
  readonly keepAliveRequests: number;
  readonly tlsHandshakeTimeoutMs: number;
  readonly requestLineBytes: number;
  readonly headBytes: number;
  readonly fieldBytes: number;
  readonly fields: number;
  /** Client connections over all workers. */
  readonly connections: number;
  /** How long a WebSocket or a request under way may live after shutdown began. */
  readonly drainMs: number;
}

export interface ForwardedSettings {
  readonly useForwardedHeaders: boolean;
  readonly enableRealIp: boolean;
  readonly useProxyProtocol: boolean;
  /** CIDRs of trusted proxies, checked. */
  readonly trustedCidrs: readonly string[];
  /** As written: `X-Forwarded-For` unless changed. */
  readonly forHeader: string;
  readonly hostHeader: string;
  readonly forProxyProtocolHeader: string;
  readonly computeFullForwardedFor: boolean;
  readonly addOriginalUriHeader: boolean;
  readonly generateRequestId: boolean;
}

/** What holds for all rate limits (annotations `limit-*`). */
export interface LimitSettings {
  /** 400 to 599. */
  readonly requestStatus: number;
  readonly connectionStatus: number;
  /** What clients are told apart by: text with nginx variables, checked. */
  readonly clientKey: string;
}

export interface TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL cipher list for TLS 1.2. */
  readonly ciphers: string;
  readonly ecdhCurve: string;
  /** True: a handshake for a host that no object names is refused. */
  readonly rejectUnknownHosts: boolean;
  /** Whether a session may be resumed, which is always by a ticket. */
  readonly resumesSessions: boolean;
  /** Base64 of 48 or 80 bytes in the layout of nginx: what tickets are sealed with; empty: a key of this process. */
  readonly ticketKey: string;
  readonly sessionTimeoutSeconds: number;
}

export interface Hsts {
  readonly enabled: boolean;
  readonly maxAgeSeconds: number;
  readonly includeSubdomains: boolean;
  readonly preload: boolean;
}

export interface AccessLogSettings {
  readonly enabled: boolean;
  /** `json`: one JSON object a line. `text`: `textFormat` with nginx variables. */
  readonly format: 'json' | 'text';
  readonly textFormat: string;
  readonly escape: 'default' | 'json' | 'none';
  /** Request targets that are not logged. */
  readonly skipUrls: readonly string[];
  readonly defaultBackend: boolean;
}

export interface MetricsSettings {
  /** False: requests are not counted. */
  readonly isEnabled: boolean;
  readonly perHost: boolean;
  readonly perUndefinedHost: boolean;
  readonly statusClasses: boolean;
  readonly timeBuckets: readonly number[];
  readonly lengthBuckets: readonly number[];
  readonly sizeBuckets: readonly number[];
  /** Lower-case names without prefix of request metrics that are left out. */
  readonly excluded: readonly string[];
  /** Bound on series per worker. */
  readonly maxSeries: number;
}

export interface GlobalSnippets {
  /** Variables of `map`. */
  readonly maps?: readonly SnippetMap[];
  readonly http?: Snippet;
  readonly server?: Snippet;
  readonly location?: Snippet;
}
