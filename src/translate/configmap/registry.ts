// All keys of the controller's ConfigMap, those of ingress-nginx and Portico's own (`portico-*`).
import { accessKeys } from './access-keys.ts';
import { clientKeys } from './client-keys.ts';
import { compressionKeys } from './compression-keys.ts';
import { firewallKeys } from './firewall-keys.ts';
import { foreignKeys } from './foreign-keys.ts';
import { forwardingKeys } from './forwarding-keys.ts';
import { loggingKeys } from './logging-keys.ts';
import { policyKeys } from './policy-keys.ts';
import { proxyKeys } from './proxy-keys.ts';
import type { ConfigRow } from './row.ts';
import { snippetKeys } from './snippet-keys.ts';
import { tlsKeys } from './tls-keys.ts';
import { tracingKeys } from './tracing-keys.ts';

/** In the order of the reference page. */
export const configRows: readonly ConfigRow[] = [
  ...policyKeys,
  ...accessKeys,
  ...tlsKeys,
  ...forwardingKeys,
  ...proxyKeys,
  ...clientKeys,
  ...compressionKeys,
  ...loggingKeys,
  ...tracingKeys,
  ...firewallKeys,
  ...snippetKeys,
  ...foreignKeys,
];

export const configRowsByKey: ReadonlyMap<string, ConfigRow> = new Map(configRows.map((row) => [row.key, row]));
