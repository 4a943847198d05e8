// Annotations that change the whole host.
import { parseCiphers } from './backend-protocol.ts';
import { parseBool } from '../value-parsers.ts';
import { noEffect, notYet, supported, whereTrue } from './row.ts';
import type { AnnotationRow } from './row.ts';
import { serverAliasAnnotation } from './server-alias.ts';

export const hostAnnotations: readonly AnnotationRow[] = [
  serverAliasAnnotation,
  supported({
    name: 'ssl-ciphers',
    scope: 'host',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseCiphers,
    set: (draft, value) => {
      draft.ciphers = value;
    },
    summary: 'OpenSSL cipher list of TLS 1.2 for the host; default: ConfigMap `ssl-ciphers`.',
    differs: 'a host that also asks for client certificates keeps the list of the ConfigMap',
  }),
  noEffect({
    name: 'ssl-prefer-server-ciphers',
    scope: 'host',
    risk: 'Low',
    reason: 'the order of the server is always preferred',
    summary: 'Whether the order of the cipher list counts.',
  }),
  notYet({
    name: 'ssl-passthrough',
    scope: 'host',
    risk: 'Low',
    without: whereTrue,
    check: parseBool,
    summary: 'Passes TLS through to the Service undecrypted.',
  }),
];
