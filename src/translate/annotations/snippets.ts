// Snippets are nginx configuration. Their risk is Critical, so by default (`annotations-risk-level: High`) an Ingress with one is dropped;
// where Critical is allowed, they still count only with `allow-snippet-annotations`, and then as far as src/translate/snippets reads them.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { notYet, supported } from './row.ts';
import type { AnnotationRow } from './row.ts';

const MAX_CHARACTERS = 64 * 1024;
const DIFFERS =
  'only add_header, more_set_headers, more_clear_headers, more_set_input_headers, more_clear_input_headers, proxy_set_header, proxy_hide_header, return, ' +
  'rewrite, if, set, break, expires, allow and deny are interpreted; a snippet with any other directive is refused as a whole';

export const snippetAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'configuration-snippet',
    scope: 'location',
    risk: 'Critical',
    parse: parseText,
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
    parse: parseText,
    set: (draft, value) => {
      draft.serverSnippet = value;
    },
    summary: 'nginx directives for the host.',
    differs: DIFFERS,
  }),
  notYet({ name: 'auth-snippet', scope: 'location', risk: 'Critical', summary: 'nginx directives for the request to `auth-url`.' }),
  notYet({ name: 'stream-snippet', scope: 'ingress', risk: 'Critical', summary: 'nginx directives for streams.' }),
];

/** Only its size: what it means depends on whether snippets are allowed. */
function parseText(text: string): Result<string> {
  return text.length > MAX_CHARACTERS ? fail(`is longer than ${MAX_CHARACTERS} characters`) : ok(text);
}
