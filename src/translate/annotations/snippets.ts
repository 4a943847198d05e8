// Snippets are nginx configuration. Their risk is Critical, so by default (`annotations-risk-level: High`) an Ingress with one is dropped;
// where Critical is allowed, they still count only with `allow-snippet-annotations`, and then as far as src/translate/snippets reads them.
import { ok } from '../../kit/result.ts';
import { supported } from './row.ts';
import type { AnnotationRow } from './row.ts';

const DIFFERS =
  'never executed: the directives of reference/snippets.md are interpreted, and a snippet with any other is refused as a whole';

/** Texts are only looked at where snippets are allowed. */
export const snippetAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'configuration-snippet',
    scope: 'location',
    risk: 'Critical',
    parse: ok<string>,
    set: (draft, value) => {
      draft.configurationSnippet = value;
    },
    summary: 'nginx directives for the locations.',
    differs: DIFFERS,
  }),
  supported({
    name: 'server-snippet',
    scope: 'host',
    risk: 'Critical',
    parse: ok<string>,
    set: (draft, value) => {
      draft.serverSnippet = value;
    },
    summary: 'nginx directives for the host, `location` blocks too.',
    differs: DIFFERS,
  }),
  supported({
    name: 'auth-snippet',
    scope: 'location',
    risk: 'Critical',
    parse: ok<string>,
    set: (draft, value) => {
      draft.access.external.snippet = value;
    },
    summary: 'nginx directives for the request to `auth-url`: headers.',
    differs: DIFFERS,
  }),
  supported({
    name: 'stream-snippet',
    scope: 'ingress',
    risk: 'Critical',
    parse: ok<string>,
    set: (draft, value) => {
      draft.streamSnippet = value;
    },
    summary: 'nginx directives for streams.',
    differs: 'never interpreted: TCP and UDP ports only come from `--tcp-services-configmap` and `--udp-services-configmap`',
  }),
];
