// Keys of the web application firewall, which does not exist here yet.
import type { ConfigMap } from '../../resources/objects.ts';
import { keyPath } from '../../resources/field-path.ts';
import { finding } from '../finding.ts';
import { ok } from '../../kit/result.ts';
import { oneOf, parseBool } from '../value-parsers.ts';
import type { ConfigReading } from './read-configmap.ts';
import { notYet, supported } from './row.ts';
import type { ConfigRow } from './row.ts';

const DIFFERS = 'there is no firewall yet: where it would block, paths answer 503, elsewhere requests are not inspected';

export const firewallKeys: readonly ConfigRow[] = [
  supported({
    key: 'enable-modsecurity',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.firewall.isEnabled = value;
    },
    summary: 'Web application firewall for every route.',
    differs: DIFFERS,
  }),
  supported({
    key: 'modsecurity-snippet',
    defaultText: '',
    parse: ok<string>,
    set: (draft, value) => {
      draft.routing.firewall.snippet = value;
    },
    summary: 'Configuration text of the firewall, of which only `SecRuleEngine` is looked at.',
    differs: DIFFERS,
  }),
  supported({
    key: 'portico-missing-firewall',
    defaultText: 'refuse',
    parse: oneOf<'refuse' | 'serve'>(['refuse', 'serve']),
    set: (draft, value) => {
      draft.routing.firewall.whenMissing = value;
    },
    summary: '`refuse`: paths that a firewall should guard by blocking answer 503; `serve`: they are served without it.',
  }),
  ...notYet('serve', [['enable-owasp-modsecurity-crs', 'false', 'OWASP core rules for every route.']]),
];

/** The reading with what there is to say about a firewall for every route. */
export function withFirewallFinding(reading: ConfigReading, configMap: ConfigMap | undefined): ConfigReading {
  if (configMap === undefined || !reading.config.routing.firewall.isEnabled) return reading;
  const message = 'there is no firewall yet: requests are not inspected, and paths where it would block answer 503';
  return { ...reading, findings: [...reading.findings, finding('PRT-CONF-7', message, configMap, keyPath('data', 'enable-modsecurity'))] };
}
