// ModSecurity. There is no such engine here, and pretending would leave routes open that somebody believes to be guarded: where the firewall
// would block (`SecRuleEngine On`), the routes answer 503 unless the ConfigMap says otherwise; where it would only watch, they are served.
import { ok } from '../../kit/result.ts';
import { parseBool } from '../value-parsers.ts';
import { notYet, supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

export interface FirewallDraft {
  isEnabled?: boolean;
  /** Configuration text. */
  snippet?: string;
}

/** What the ConfigMap says. */
export interface FirewallDefaults {
  readonly isEnabled: boolean;
  readonly snippet: string;
  /** What becomes of routes that a firewall should guard by blocking. */
  readonly whenMissing: 'refuse' | 'serve';
}

export const firewallAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'enable-modsecurity',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      firewallOf(draft).isEnabled = value;
    },
    summary: 'Web application firewall; requests are not inspected, and paths where it would block answer 503.',
    differs:
      'there is no firewall yet: with `SecRuleEngine On` the paths answer 503 (ConfigMap key `portico-missing-firewall`), else they are served uninspected',
  }),
  supported({
    name: 'enable-owasp-core-rules',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: () => undefined,
    summary: 'OWASP core rules for `enable-modsecurity`.',
    differs: 'there is no firewall yet: see `enable-modsecurity`',
  }),
  notYet({ name: 'modsecurity-transaction-id', scope: 'location', risk: 'High', summary: 'Transaction id of the firewall.' }),
  supported({
    name: 'modsecurity-snippet',
    scope: 'location',
    risk: 'Critical',
    parse: ok<string>,
    set: (draft, value) => {
      firewallOf(draft).snippet = value;
    },
    summary: 'Configuration text of the firewall, of which only `SecRuleEngine` is looked at.',
    differs: 'there is no firewall yet: see `enable-modsecurity`',
  }),
];

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

export function missingFirewallOf({ firewall = {} }: Readonly<AnnotationDraft>, defaults: FirewallDefaults): MissingFirewall {
  if (!(firewall.isEnabled ?? defaults.isEnabled)) return 'nothing';
  const isBlocking = [firewall.snippet, defaults.snippet].some(
    (text) => text !== undefined && /^[ \t]*SecRuleEngine[ \t]+"?On\b/im.test(text),
  );
  return isBlocking && defaults.whenMissing === 'refuse' ? 'refused' : 'uninspected';
}
