// One key of the controller's ConfigMap as the registry knows it. The families in this folder are lists of rows; the reader
// (read-configmap.ts) and the reference page need nothing else.
import type { Replacement } from '../../model/policies/response-rewrite.ts';
import type { NextUpstreamCondition } from '../../model/route.ts';
import type { Settings } from '../../model/settings.ts';
import type { ExternalAuthDraft } from '../annotations/external-auth.ts';
import type { BalancingAlgorithm } from '../annotations/load-balancing.ts';
import type { BufferingDefaults } from '../annotations/buffering.ts';
import type { FirewallDefaults } from '../annotations/web-application-firewall.ts';
import type { Risk } from '../annotations/row.ts';
import type { ObjectName } from '../options.ts';
import type { ValueParser } from '../value-parsers.ts';

export interface ConfigRow {
  readonly key: string;
  /** As it would be written in the ConfigMap; empty where nothing is set. */
  readonly defaultText: string;
  readonly status: ConfigStatus;
  /** One sentence for the reference page. */
  readonly summary: string;
  /** Where Portico behaves otherwise than ingress-nginx: ends a sentence that starts with "differs:". */
  readonly differs?: string;
}

export type ConfigStatus =
  | {
      readonly kind: 'supported';
      /** `refuse`: it protects every route, and they answer 503 while the value is not valid. */
      readonly onInvalid: 'default' | 'refuse';
      /** Undefined: understood. Otherwise the end of a sentence that starts with "the value". */
      readonly read: (text: string, draft: ConfigDraft) => string | undefined;
    }
  /** `refuse`: it protects every route, and they answer 503 rather than be open. */
  | { readonly kind: 'not-yet'; readonly without: 'serve' | 'refuse'; readonly reason: string }
  | { readonly kind: 'no-effect'; readonly reason: string };

/** Defaults of annotations and what else translation needs to know from the ConfigMap; the data plane never sees it. */
export interface RoutingConfig {
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly portInRedirects: boolean;
  readonly redirectCode: 301 | 302 | 307 | 308;
  /** Prefixes of rule paths. */
  readonly noTlsRedirectLocations: readonly string[];
  readonly serviceUpstream: boolean;
  readonly loadBalance: BalancingAlgorithm;
  readonly retryNonIdempotent: boolean;
  /** True: `proxy-ssl-*` only counts for the locations of its own Ingress. */
  readonly proxySslLocationOnly: boolean;
  /** Whether annotations may name Secrets and ConfigMaps of other namespaces. */
  readonly allowsCrossNamespace: boolean;
  /** `strict-validate-path-type`. */
  readonly strictPathTypes: boolean;
  /** ConfigMaps with headers: keys `add-headers` and `proxy-set-headers`. */
  readonly headerMaps: { readonly addHeaders?: ObjectName; readonly proxySetHeaders?: ObjectName };
  /** Defaults of the annotations of these names. */
  readonly cookieDomain: Replacement | 'off';
  readonly cookiePath: Replacement | 'off';
  readonly redirectFrom: string;
  readonly redirectTo: string;
  /** Statuses that the default backend answers instead, where an Ingress has no list of its own. */
  readonly customHttpErrors: readonly number[];
  /** Addresses that may read the status page. */
  readonly statusAddresses: readonly string[];
  readonly passesBackendErrors: boolean;
  /** KiB a second and KiB: defaults of annotations `limit-rate` and `limit-rate-after`. */
  readonly limitRate: number;
  readonly limitRateAfter: number;
  /** Variables that snippets of the ConfigMap set. */
  readonly snippetVariables: readonly string[];
  /** Whether snippet annotations are interpreted. */
  readonly allowsSnippets: boolean;
  /** Defaults of the annotations about buffers. */
  readonly buffering: BufferingDefaults;
  readonly firewall: FirewallDefaults;
  /** Names that annotation `custom-headers` may set, as written. */
  readonly allowedResponseHeaders: readonly string[];
  /** Defaults of annotations `allowlist-source-range` and `denylist-source-range`. */
  readonly allowedAddresses: readonly string[];
  readonly deniedAddresses: readonly string[];
  /** Prefixes of rule paths. */
  readonly noAuthLocations: readonly string[];
  /** The authentication service of Ingresses without one of their own. */
  readonly globalAuth: ExternalAuthDraft;
  /** Whether there is a collector for spans. */
  readonly hasCollector: boolean;
  readonly riskLevel: Risk;
  readonly blockedWords: readonly string[];
  /** Keys that protect every route and are not supported: all routes are refused while there is one. */
  readonly missingProtections: readonly string[];
}

export interface ControllerConfig {
  readonly settings: Settings;
  readonly routing: RoutingConfig;
}

export type Draft<T> = T extends readonly (infer Item)[] ? Draft<Item>[] : T extends object ? { -readonly [K in keyof T]: Draft<T[K]> } : T;

/** What the rows write to. Values that only mean something together are gathered in `pending`. */
export interface ConfigDraft {
  readonly settings: Draft<Settings>;
  readonly routing: Draft<RoutingConfig>;
  readonly pending: PendingConfig;
}

export interface PendingConfig {
  nextUpstream: readonly NextUpstreamCondition[];
  connectionsPerWorker: number;
  headerBufferBytes: number | undefined;
  largeHeaderBuffers: { readonly count: number; readonly bytes: number } | undefined;
  isAccessLogDisabled: boolean;
  isHttpAccessLogDisabled: boolean;
  isLogEscapedAsJson: boolean;
  isLogUnescaped: boolean;
  bindAddresses: readonly string[];
  statusAddressesIpv4: readonly string[];
  statusAddressesIpv6: readonly string[];
  isIpv6Disabled: boolean;
  hasSessionTickets: boolean;
  hasSessionCache: boolean;
  ticketKey: string;
}

export function supported<T>(row: {
  readonly key: string;
  readonly defaultText: string;
  readonly onInvalid?: 'default' | 'refuse';
  readonly parse: ValueParser<T>;
  readonly set: (draft: ConfigDraft, value: T) => void;
  readonly summary: string;
  readonly differs?: string;
}): ConfigRow {
  const { onInvalid = 'default', differs } = row;
  const read = (text: string, draft: ConfigDraft): string | undefined => {
    const value = row.parse(text);
    if (!value.ok) return onInvalid === 'refuse' ? value.error : `${value.error}; the default is used`;
    row.set(draft, value.value);
    return undefined;
  };
  const status = { kind: 'supported', onInvalid, read } as const;
  return { key: row.key, defaultText: row.defaultText, status, summary: row.summary, ...(differs !== undefined && { differs }) };
}

/** Why keys of TCP and UDP services are not supported yet. */
export const NO_STREAMS = 'TCP and UDP services are not carried yet';

/** Keys that are known, but not supported yet. `[key, default, summary]`. `reason`: what is missing, unless the key says it. */
export function notYet(
  without: 'serve' | 'refuse',
  keys: readonly (readonly [key: string, defaultText: string, summary: string])[],
  reason = '',
): readonly ConfigRow[] {
  return keys.map(([key, defaultText, summary]) => ({ key, defaultText, status: { kind: 'not-yet', without, reason }, summary }));
}

/** Keys that mean nothing here, all for the same reason. `[key, default, summary]`. */
export function noEffect(
  reason: string,
  keys: readonly (readonly [key: string, defaultText: string, summary: string])[],
): readonly ConfigRow[] {
  return keys.map(([key, defaultText, summary]) => ({ key, defaultText, status: { kind: 'no-effect', reason }, summary }));
}
