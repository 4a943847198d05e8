// ModSecurity. There is no such engine here, and pretending would leave routes open that somebody believes to be guarded: where the firewall
// would block (`SecRuleEngine On`), the routes answer 503 unless the ConfigMap says otherwise; where it would only watch, they are served.
// ingress-nginx turns the firewall on with ModSecurity's recommended configuration, which only watches (`SecRuleEngine DetectionOnly`).
import { ok } from '../../kit/result.ts';
import { parseBool, textMatching } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

export interface FirewallDraft {
  isEnabled?: boolean;
  usesCoreRules?: boolean;
  transactionId?: string;
  /** Configuration text. */
  snippet?: string;
}

/** What the ConfigMap says. */
export interface FirewallDefaults {
  readonly isEnabled: boolean;
  readonly usesCoreRules: boolean;
  readonly snippet: string;
  /** What becomes of routes that a firewall should guard by blocking. */
  readonly whenMissing: 'refuse' | 'serve';
}

export const firewallAnnotations: readonly AnnotationRow[] = [
  orElseEnabled({
    name: 'enable-modsecurity',
    scope: 'location',
    risk: 'Low',
    summary: 'Web application firewall; requests are not inspected, and paths where it would block answer 503.',
    differs:
      'there is no firewall yet: with `SecRuleEngine On` the paths answer 503 (ConfigMap key `portico-missing-firewall`), else they are served uninspected',
  }),
  supported({
    name: 'enable-owasp-core-rules',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      firewallOf(draft).usesCoreRules = value;
    },
    summary: 'OWASP core rules for `enable-modsecurity`.',
    differs: 'there is no firewall yet: see `enable-modsecurity`',
  }),
  supported({
    name: 'modsecurity-transaction-id',
    scope: 'location',
    risk: 'High',
    parse: textMatching(/^[A-Za-z0-9_${}-]{1,1024}$/, 'made of letters, digits, "-", "_" and variables'),
    set: (draft, value) => {
      firewallOf(draft).transactionId = value;
    },
    summary: 'Transaction id of the firewall: text with variables.',
    differs: 'there is no firewall yet: see `enable-modsecurity`',
  }),
  supported({
    name: 'modsecurity-snippet',
    scope: 'location',
    risk: 'Critical',
    parse: ok<string>,
    set: (draft, value) => {
      firewallOf(draft).snippet = value;
    },
    summary: 'Configuration text of the firewall, of which only what decides whether it blocks is looked at.',
    differs: 'there is no firewall yet: see `enable-modsecurity`',
  }),
];

/** A value that is no boolean asks for the firewall all the same: routes are not left open for the sake of a spelling mistake. */
function orElseEnabled(row: Omit<Parameters<typeof supported>[0], 'parse' | 'set'>): AnnotationRow {
  const read = (text: string, draft: AnnotationDraft): ReadProblem | undefined => {
    const value = parseBool(text);
    firewallOf(draft).isEnabled = !value.ok || value.value;
    return value.ok ? undefined : { kind: 'invalid', message: value.error, instead: 'it counts as "true"' };
  };
  return { ...supported({ ...row, parse: ok<string>, set: () => undefined }), status: { kind: 'supported', onInvalid: 'default', read } };
}

function firewallOf(draft: AnnotationDraft): FirewallDraft {
  draft.firewall ??= {};
  return draft.firewall;
}

/** What a missing firewall means for the routes of an Ingress. */
export type MissingFirewall =
  | 'nothing'
  /** It would only watch, or the ConfigMap accepts that it is missing. */
  | 'uninspected'
  | 'refused';

export function missingFirewallOf({ firewall = {} }: Pick<AnnotationDraft, 'firewall'>, defaults: FirewallDefaults): MissingFirewall {
  if (!(firewall.isEnabled ?? defaults.isEnabled)) return 'nothing';
  // Rules of the location go before those of the level above, as ModSecurity merges them.
  const mode = engineModeOf(firewall.snippet ?? '') ?? engineModeOf(defaults.snippet) ?? 'watching';
  if (mode === 'off') return 'nothing';
  return mode === 'blocking' && defaults.whenMissing === 'refuse' ? 'refused' : 'uninspected';
}

/** Files that come with ingress-nginx: they leave the engine watching. */
const KNOWN_FILES: ReadonlySet<string> = new Set([
  '/etc/nginx/modsecurity/modsecurity.conf',
  '/etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf',
]);

/**
 * What the configuration text of ModSecurity turns the engine to; undefined: it says nothing about it. The last directive counts. What cannot be
 * known, such as the content of a file, counts as blocking, for somebody may rely on it.
 */
function engineModeOf(text: string): 'off' | 'watching' | 'blocking' | undefined {
  let mode: 'off' | 'watching' | 'blocking' | undefined;
  for (const [, name = '', value = ''] of text.matchAll(/^[ \t]*(SecRuleEngine|Include|SecRemoteRules)\b[ \t]*["']?([^\s"';]*)/gim)) {
    if (name.toLowerCase() !== 'secruleengine') {
      if (!KNOWN_FILES.has(value)) mode = 'blocking';
    } else if (value.toLowerCase() === 'off') mode = 'off';
    else mode = value.toLowerCase() === 'detectiononly' ? 'watching' : 'blocking';
  }
  // Single rules may turn it on.
  return /^[^#\n]*\bctl:ruleEngine=On\b/im.test(text) ? 'blocking' : mode;
}

/** Names of annotations about a firewall that is not turned on. */
export function uselessFirewallAnnotations(
  { firewall = {} }: Pick<AnnotationDraft, 'firewall'>,
  defaults: FirewallDefaults,
): readonly string[] {
  if (firewall.isEnabled ?? defaults.isEnabled) return [];
  return [
    ...(firewall.usesCoreRules === true ? ['enable-owasp-core-rules'] : []),
    ...(firewall.transactionId === undefined ? [] : ['modsecurity-transaction-id']),
    ...(firewall.snippet === undefined ? [] : ['modsecurity-snippet']),
  ];
}
