// One annotation as the registry knows it. The families in this folder are lists of rows; the reader (read-annotations.ts) and the
// reference page need nothing else. A row that is supported writes what it understood into the draft of its Ingress.
import type { Replacement } from '../../model/policies/response-rewrite.ts';
import type { ProxyParameters } from '../../model/route.ts';
import type { ObjectName } from '../options.ts';
import type { HostName } from '../../model/route.ts';
import { parseBool } from '../value-parsers.ts';
import type { AccessDraft, ClientCertificateDraft } from './access-draft.ts';
import type { AffinityDraft } from './affinity.ts';
import type { CanaryDraft } from './canary.ts';
import type { BufferingDraft } from './buffering.ts';
import type { CorsDraft } from './cors.ts';
import type { MirrorDraft } from './mirror.ts';
import type { FirewallDraft } from './web-application-firewall.ts';
import type { RateLimitDraft } from './rate-limits.ts';
import type { LoadBalancingDraft } from './load-balancing.ts';
import type { TracingDraft } from './tracing.ts';
import type { BackendProtocol, UpstreamTlsDraft } from './backend-protocol.ts';
import type { RedirectDraft } from './redirects.ts';
import type { ValueParser } from '../value-parsers.ts';

/** What `annotations-risk-level` compares, from harmless to code. */
export const RISKS = ['Low', 'Medium', 'High', 'Critical'] as const;
export type Risk = (typeof RISKS)[number];

/** Whom the annotation changes: the locations of its Ingress, the whole host, the Service port, or the Ingress as an object. */
export type Scope = 'location' | 'host' | 'backend' | 'ingress';

export interface AnnotationRow {
  /** Without prefix. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly scope: Scope;
  readonly risk: Risk;
  readonly status: AnnotationStatus;
  /** One sentence for the reference page. */
  readonly summary: string;
  /** Where Portico behaves otherwise than ingress-nginx: ends a sentence that starts with "differs:". */
  readonly differs?: string;
}

export type AnnotationStatus =
  | {
      readonly kind: 'supported';
      /** What ingress-nginx does with a value that is not valid: use the default, answer 503 on all routes of the Ingress, or drop it. */
      readonly onInvalid: 'default' | 'refuse' | 'drop';
      readonly read: (text: string, draft: AnnotationDraft) => ReadProblem | undefined;
    }
  | { readonly kind: 'not-yet'; readonly without: (text: string) => WithoutIt; readonly check: ValueCheck }
  | { readonly kind: 'no-effect'; readonly reason: string; readonly check: ValueCheck };

/** Of values that mean nothing here: ingress-nginx drops the Ingress of one that is not valid. Undefined: any value will do. */
export type ValueCheck = ValueParser<unknown> | undefined;

/** What becomes of an Ingress whose annotation is not supported yet. */
export type WithoutIt =
  /** The value asks for nothing, such as `enable-cors: "false"`. */
  | 'same'
  /** Serve as if it were absent. */
  | 'serve'
  /** It protects the routes: they answer 503 rather than be open. */
  | 'refuse'
  /** It protects every path of its hosts, those of other Ingresses too: all of them answer 503. */
  | 'refuse-hosts'
  /** The Ingress makes no sense without it and is left out. */
  | 'ignore-ingress';

export type ReadProblem =
  /** Ends a sentence that starts with "the value". `instead`: what happens where it is not the default. */
  | { readonly kind: 'invalid'; readonly message: string; readonly instead?: string }
  | { readonly kind: 'unsupported'; readonly message: string }
  /** Not valid, and never worse than that: the message also says what is done instead. */
  | { readonly kind: 'ignored'; readonly message: string }
  /** Valid, but the routes must not be served with it: they answer 503. */
  | { readonly kind: 'refused'; readonly message: string };

/** What the annotations of one Ingress say; a missing member was not set. */
export interface AnnotationDraft {
  sslRedirect?: boolean;
  forceSslRedirect?: boolean;
  preserveTrailingSlash?: boolean;
  portInRedirects?: boolean;
  relativeRedirects?: boolean;
  readonly redirects: RedirectDraft;
  /** `from-to-www-redirect`. */
  wwwRedirect?: boolean;
  rewriteTarget?: string;
  forwardedPrefix?: string;
  useRegex?: boolean;
  appRoot?: string;
  /** `ssl-ciphers`. */
  ciphers?: string;
  /** Each once; exact names and those with `*` in lower case, `.name` taken apart. */
  serverAliases?: readonly HostName[];
  /** Name of a Service in the namespace of the Ingress. */
  defaultBackend?: string;
  upstreamHost?: string;
  serviceUpstream?: boolean;
  accessLog?: boolean;
  tracing?: TracingDraft;
  cors?: CorsDraft;
  limits?: RateLimitDraft;
  firewall?: FirewallDraft;
  buffering?: BufferingDraft;
  /** nginx directives, not looked at yet. */
  configurationSnippet?: string;
  serverSnippet?: string;
  streamSnippet?: string;
  /** `gzip off` of a snippet. */
  isUncompressed?: boolean;
  mirror?: MirrorDraft;
  customHttpErrors?: readonly number[];
  passesBackendErrors?: boolean;
  /** `off`: not rewritten, whatever the ConfigMap says. */
  cookieDomain?: Replacement | 'off';
  cookiePath?: Replacement | 'off';
  redirectFrom?: string;
  redirectTo?: string;
  /** ConfigMap with response headers. */
  customHeaders?: ObjectName;
  backendProtocol?: BackendProtocol;
  canary?: CanaryDraft;
  affinity?: AffinityDraft;
  loadBalancing?: LoadBalancingDraft;
  readonly upstreamTls: UpstreamTlsDraft;
  readonly access: AccessDraft;
  readonly clientCertificates: ClientCertificateDraft;
  readonly proxy: { -readonly [K in keyof ProxyParameters]?: ProxyParameters[K] };
}

interface RowHead {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly scope: Scope;
  readonly risk: Risk;
  readonly summary: string;
  readonly differs?: string;
}

export function supported<T>(
  row: RowHead & {
    readonly onInvalid?: 'default' | 'refuse' | 'drop';
    readonly parse: ValueParser<T>;
    readonly set: (draft: AnnotationDraft, value: T) => void;
  },
): AnnotationRow {
  const { parse, set, onInvalid = 'default' } = row;
  const read = (text: string, draft: AnnotationDraft): ReadProblem | undefined => {
    const value = parse(text);
    if (!value.ok) return { kind: 'invalid', message: value.error };
    set(draft, value.value);
    return undefined;
  };
  return { ...head(row), status: { kind: 'supported', onInvalid, read } };
}

export function notYet(
  row: RowHead & { readonly without?: (text: string) => WithoutIt; readonly check?: ValueParser<unknown> },
): AnnotationRow {
  return { ...head(row), status: { kind: 'not-yet', without: row.without ?? (() => 'serve'), check: row.check } };
}

/** A switch that only asks for something where it is true. */
export function whereTrue(text: string): WithoutIt {
  const value = parseBool(text);
  return value.ok && !value.value ? 'same' : 'serve';
}

export function noEffect(row: RowHead & { readonly reason: string; readonly check?: ValueParser<unknown> }): AnnotationRow {
  return { ...head(row), status: { kind: 'no-effect', reason: row.reason, check: row.check } };
}

function head(row: RowHead): Omit<AnnotationRow, 'status'> {
  const { name, aliases = [], scope, risk, summary, differs } = row;
  return { name, aliases, scope, risk, summary, ...(differs !== undefined && { differs }) };
}
