// Keys of the web application firewall, which does not exist here yet.
import type { ConfigMap } from '../../resources/objects.ts';
import { keyPath } from '../../resources/field-path.ts';
import { missingFirewallOf } from '../annotations/web-application-firewall.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { ok } from '../../kit/result.ts';
import { oneOf, parseBool } from '../value-parsers.ts';
import type { ConfigReading } from './read-configmap.ts';
import { supported } from './row.ts';
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
    key: 'enable-owasp-modsecurity-crs',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.firewall.usesCoreRules = value;
    },
    summary: 'OWASP core rules for every route, together with `enable-modsecurity`.',
    differs: DIFFERS,
  }),
  supported({
    key: 'modsecurity-snippet',
    defaultText: '',
    parse: ok<string>,
    set: (draft, value) => {
      draft.routing.firewall.snippet = value;
    },
    summary: 'Configuration text of the firewall, of which only what decides whether it blocks is looked at.',
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
];

/** The reading with what there is to say about a firewall for every route. */
export function withFirewallFinding(reading: ConfigReading, configMap: ConfigMap | undefined): ConfigReading {
  if (configMap === undefined) return reading;
  const { firewall } = reading.config.routing;
  const report = (key: string, code: Finding['code'], message: string): ConfigReading => ({
    ...reading,
    findings: [...reading.findings, finding(code, message, configMap, keyPath('data', key))],
  });
  if (!firewall.isEnabled) {
    if (!firewall.usesCoreRules) return reading;
    const message = 'enable-owasp-modsecurity-crs has no effect without enable-modsecurity, and there is no firewall yet';
    return report('enable-owasp-modsecurity-crs', 'PRT-CONF-3', message);
  }
  switch (missingFirewallOf({}, firewall)) {
    case 'nothing':
      return reading;
    case 'uninspected':
      return report('enable-modsecurity', 'PRT-CONF-7', 'there is no firewall yet: requests are not inspected');
    case 'refused':
      return report(
        'enable-modsecurity',
        'PRT-CONF-6',
        'there is no firewall yet, and it should block: all paths answer 503, but those of Ingresses that turn it off (portico-missing-firewall)',
      );
  }
}
