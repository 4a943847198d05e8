// Keys that hold nginx configuration, or ask for an engine that does not exist here.
import { noEffect } from './row.ts';
import type { ConfigRow } from './row.ts';

export const foreignKeys: readonly ConfigRow[] = [
  ...noEffect('there are no databases of places, and no variables that would be read from them', [
    ['use-geoip2', 'false', 'Variables with the place of an address.'],
    ['geoip2-autoreload-in-minutes', '0', 'Reads the databases again.'],
  ]),
  ...noEffect('ingress-nginx has removed it', [
    ['use-geoip', 'false', 'Removed.'],
    ['jaeger-collector-host', '', 'Removed.'],
    ['jaeger-collector-port', '', 'Removed.'],
    ['jaeger-service-name', '', 'Removed.'],
  ]),
];
