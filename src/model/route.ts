// Virtual hosts and routes: the answer to "what is to be done with a request", before it is compiled into tables.
// Everything here is plain data that can be cloned to a worker thread; nothing here knows Kubernetes' types.
import type { Brand } from '../kit/brand.ts';
import type { CertificateKey } from './certificate.ts';
import type { ErrorCode } from './error-codes.ts';
import type { Origin } from './origin.ts';
import type { Canary } from './policies/canary.ts';
import type { BodyBuffer } from './policies/buffering.ts';
import type { CorsPolicy } from './policies/cors.ts';
import type { ErrorPages } from './policies/error-pages.ts';
import type { HeaderField } from './policies/header-fields.ts';
import type { MirrorPolicy } from './policies/mirror.ts';
import type { Bandwidth, RateLimits } from './policies/rate-limits.ts';
import type { CookieRewrite, Replacement } from './policies/response-rewrite.ts';
import type { AccessPolicy } from './policies/access.ts';
import type { ClientCertificatePolicy } from './policies/client-certificates.ts';
import type { Redirect } from './policies/redirect.ts';
import type { RewritePolicy } from './policies/rewrite.ts';
import type { Snippet, SnippetLocationMatch } from './policies/snippet.ts';
import type { RouteTracing } from './policies/tracing.ts';
import type { UpstreamKey } from './upstream.ts';

/** Lower case, without port or trailing dot: `shop.example`, `*.shop.example`, or `_` for requests that no other host takes. */
export type HostName = Brand<string, 'HostName'>;

/** The name of the host that takes what no other host takes, as in nginx. */
export const CATCH_ALL_HOST = '_' as HostName;

/** Gives the brand; `text` must already be in the form that `HostName` describes. */
export function hostName(text: string): HostName {
  return text as HostName;
}

export interface VirtualHost {
  readonly name: HostName;
  /**
   * Set: the row stands for an alias of this host (annotation `server-alias`), and its name may also be `*.shop.example` for any depth,
   * `shop.*`, or `~` and a regular expression in RE2 syntax that may match anywhere in a name.
   */
  readonly aliasOf?: HostName;
  /**
   * `literal`: exact paths and prefixes by path element. `regex`: every path of the host is a case-insensitive regular expression,
   * anchored at the start, tried by descending length (ingress-nginx: one `use-regex` or rewrite turns the whole host).
   */
  readonly pathMode: 'literal' | 'regex';
  /** No two routes have the same id. A host always has a route that takes every path. */
  readonly routes: readonly Route[];
  /** Takes exactly the path `/` before any other route (annotation `app-root`). */
  readonly rootRoute?: Route;
  readonly tls: HostTls;
  /** OpenSSL cipher list for TLS 1.2 instead of that of the settings (annotation `ssl-ciphers`). Checked. */
  readonly ciphers?: string;
  /** Annotation `server-snippet`: for all routes of the host. */
  readonly snippet?: Snippet;
  /** Its `location` blocks, in their order. nginx decides between them and the routes (src/routing/located-host.ts). */
  readonly locations?: readonly HostLocation[];
  /** Absent: clients are not asked for certificates. */
  readonly clientCertificates?: ClientCertificatePolicy;
  /** The oldest object that names the host. */
  readonly origin: Origin;
}

export interface HostLocation {
  readonly match: SnippetLocationMatch;
  /** Its `match` is only for display. */
  readonly route: Route;
}

/** What a TLS handshake with this host's name gets. */
export type HostTls =
  /** The host has no entry of its own: a wildcard host's certificate or the default certificate is shown. */
  | { readonly kind: 'none' }
  /** TLS was asked for, but its Secret is missing or unusable: the default certificate is shown. */
  | { readonly kind: 'default-certificate' }
  | { readonly kind: 'certificate'; readonly certificate: CertificateKey };

export type PathMatch =
  /** Exactly this path. */
  | { readonly kind: 'exact'; readonly path: string }
  /** This path and everything below it, by path element: `/foo` takes `/foo`, `/foo/` and `/foo/x`, never `/foobar`. */
  | { readonly kind: 'prefix'; readonly path: string }
  /**
   * RE2 syntax and look-aheads at a fixed distance from the start (src/kit/pattern.ts), case-insensitive, anchored at the start only. One that
   * does not compile takes every path with its literal beginning; its route refuses.
   */
  | { readonly kind: 'regex'; readonly pattern: string };

/** The path or the pattern, as its rule writes it. */
export function rulePath(match: PathMatch): string {
  return match.kind === 'regex' ? match.pattern : match.path;
}

export interface Route {
  /** Unique within the host and stable over changes: path type and path. */
  readonly id: string;
  readonly match: PathMatch;
  /** On a host with regular expressions: this one must not be compiled. The route takes every path with its literal beginning, and refuses. */
  readonly isUnusablePattern?: true;
  readonly action: Action;
  readonly policies: RoutePolicies;
  readonly labels: RouteLabels;
  readonly origin: Origin;
}

export type Action =
  /**
   * Send to a Service. `secureUpstream` takes requests that came over TLS (`backend-protocol: AUTO_HTTP`), `fallback` takes the request while
   * the Service has no endpoint (annotation `default-backend`).
   */
  | { readonly kind: 'forward'; readonly upstream: UpstreamKey; readonly secureUpstream?: UpstreamKey; readonly fallback?: UpstreamKey }
  /** The controller's default backend: its Service if there is one with endpoints, else the built-in 404. */
  | { readonly kind: 'default-backend'; readonly upstream: UpstreamKey | null }
  /** Answer with an error of Portico's own, for instance 503 where a protection is missing. */
  | { readonly kind: 'refuse'; readonly code: ErrorCode }
  /** Answer with the numbers of connections and requests, to these addresses and CIDRs: `/nginx_status` of the catch-all host. */
  | { readonly kind: 'status-page'; readonly allowed: readonly string[] }
  /** Answer with a redirect, before the redirect to TLS, limits and authentication. */
  | { readonly kind: 'redirect'; readonly redirect: Redirect }
  /** Answer 200 without a body: `--health-check-path` of the catch-all host, as ingress-nginx's default server does. */
  | { readonly kind: 'health-check' }
  /** Whatever the snippet of the route answers, else 404: a `location` of a server-snippet. */
  | { readonly kind: 'answer' };

/** Who a request is counted for in metrics and log. Empty strings on default backend routes, as in ingress-nginx. */
export interface RouteLabels {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly servicePort: string;
  /** The rule's path, ingress-nginx's `$location_path`. */
  readonly path: string;
}

/**
 * What may be set for one route. An absent member costs nothing per request: where it has a global default, the default of
 * `Settings` applies.
 */
export interface RoutePolicies {
  readonly tlsRedirect?: TlsRedirect;
  readonly proxy?: Partial<ProxyParameters>;
  readonly access?: AccessPolicy;
  /** Host header towards the upstream, from annotation `upstream-vhost`. Template. */
  readonly upstreamHost?: string;
  /** False: no access log lines for this route. */
  readonly accessLog?: boolean;
  /** Whether redirects that Portico makes by itself (missing trailing slash) have a relative Location. */
  readonly relativeRedirects?: boolean;
  /** Whether those redirects, where absolute, name the listening port. */
  readonly portInRedirects?: boolean;
  readonly cors?: CorsPolicy;
  readonly canary?: Canary;
  /** True: answers may carry the affinity cookie of the upstream. */
  readonly setsAffinityCookie?: boolean;
  readonly errorPages?: ErrorPages;
  /** True: responses are not compressed here (`gzip off`). */
  readonly isUncompressed?: boolean;
  /** Annotation `configuration-snippet`. */
  readonly snippet?: Snippet;
  readonly mirror?: MirrorPolicy;
  readonly rateLimits?: RateLimits;
  readonly cookieRewrite?: CookieRewrite;
  /** Prefix of Location and of the URL of Refresh. */
  readonly redirectRewrite?: Replacement;
  /** Fields of every response, Portico's own ones too, instead of the backend's (annotation `custom-headers`). */
  readonly responseHeaders?: readonly HeaderField[];
  readonly rewrite?: RewritePolicy;
  readonly tracing?: RouteTracing;
}

/** Redirect of plain HTTP requests to the same URL over TLS. */
export interface TlsRedirect {
  readonly statusCode: 301 | 302 | 307 | 308;
  /** False: one trailing slash of the request target is cut, as ingress-nginx does. */
  readonly preserveTrailingSlash: boolean;
  /** Port to write in the Location, or null for none. */
  readonly port: number | null;
}

export type NextUpstreamCondition =
  | 'error'
  | 'timeout'
  | 'invalid_header'
  | 'http_500'
  | 'http_502'
  | 'http_503'
  | 'http_504'
  | 'http_403'
  | 'http_404'
  | 'http_429'
  | 'non_idempotent';

/** How a request is carried to its upstream: nginx's `proxy_*` directives of the same names. */
export interface ProxyParameters {
  readonly connectTimeoutMs: number;
  /** Between two writes to the upstream. */
  readonly sendTimeoutMs: number;
  /** Between two reads from the upstream; also the idle limit of a WebSocket. */
  readonly readTimeoutMs: number;
  /** Empty: never try another endpoint. */
  readonly nextUpstream: readonly NextUpstreamCondition[];
  /** Attempts in all, the first included; 0: as many as there are endpoints. */
  readonly nextUpstreamTries: number;
  /** 0: no limit. */
  readonly nextUpstreamTimeoutMs: number;
  /** Largest request body; 0: no limit. */
  readonly bodySizeBytes: number;
  /** The request body is taken as a whole before the upstream is called; null: it is passed on as it comes. */
  readonly requestBuffer: BodyBuffer | null;
  /** The response is taken from the upstream ahead of a slow client; null: no faster than the client takes it. */
  readonly responseBuffer: BodyBuffer | null;
  /** Of each response; null: no limit. */
  readonly bandwidth: Bandwidth | null;
  /** Largest head of a response. */
  readonly responseHeadBytes: number;
  /** True: requests are sent as HTTP/1.0, each on a connection of its own. */
  readonly isHttp10?: boolean;
  /** Connection header towards the upstream; absent: none, which means keep-alive. */
  readonly connectionHeader?: 'close' | 'keep-alive';
}
