// The page about snippets: the directives that are interpreted, and what to use instead of others.
import { directiveRows, refusedDirectives } from '../src/translate/snippets/directive-list.ts';
import type { SnippetPlace } from '../src/translate/snippets/directive-list.ts';
import { markdownTable } from './markdown-table.ts';

const PLACES: Readonly<Record<SnippetPlace, string>> = {
  http: 'http-snippet',
  server: 'host',
  'server-if': 'host, `if`',
  location: 'location',
  'location-if': 'location, `if`',
  answer: '`location` block',
  auth: 'auth-snippet',
};

export function snippetSections(): readonly string[] {
  return [
    'Snippets are nginx configuration. Portico never executes one: it reads the directives below and does what nginx would do. A snippet with ' +
      'anything else is left out as a whole, with a diagnostic that names the directive, its line, and what to use instead. Where such a ' +
      'snippet may be there to keep somebody out (`deny`, `auth_*`, `return 403`, Lua, and the like), the paths answer 503 instead.',
    '## When snippets count',
    'Annotations: `annotations-risk-level: Critical` in the ConfigMap, else the whole Ingress is ignored; and `allow-snippet-annotations` (key or ' +
      'flag), else the snippet is left out. The admission webhook refuses an annotation whose name ends in `-snippet` while they are not allowed, ' +
      'and `annotation-value-word-blocklist` counts for them too. Snippets of the ConfigMap are the administrator\u2019s and need no permission.',
    markdownTable(
      ['Snippet', 'Where it stands'],
      [
        ['annotation `configuration-snippet`, then key `location-snippet`', 'every location of the Ingress; every location'],
        ['annotation `server-snippet` (of the oldest Ingress of a host), then key `server-snippet`', 'the host; every host'],
        ['key `http-snippet`', 'around all hosts'],
        ['annotation `auth-snippet`, key `global-auth-snippet`', 'the request to the authentication service'],
        ['`modsecurity-snippet`', 'the firewall: see the annotation `enable-modsecurity`'],
        ['annotation and key `stream-snippet`, key `main-snippet`', 'nowhere: refused, with what to use instead'],
      ],
    ),
    '## Directives',
    'Steps (`set`, `if`, `return`, `rewrite`, `break`) run in their order. Those of the host come before the location of a request is looked for; those of ' +
      'a location come before permanent and temporal redirects, `rewrite-target`, the redirect to TLS, limits and authentication. Headers, ' +
      '`allow` and `deny` are passed on from level to level as nginx does it: commands of headers-more add up, of the others the innermost level ' +
      'with any counts.',
    markdownTable(
      ['Directive', 'Syntax', 'Where', 'Meaning'],
      directiveRows.map(({ name, syntax, places, summary, differs }) => [
        `\`${name}\``,
        `\`${syntax}\``,
        places.map((place) => PLACES[place]).join('; '),
        differs === undefined ? summary : `${summary} Differs: ${differs}.`,
      ]),
    ),
    '## What to use instead of others',
    markdownTable(
      ['Directive', 'Instead'],
      [...Object.entries(refusedDirectives).map(([name, instead]) => [`\`${name}\``, instead]), ['`*_by_lua*`', 'Lua is never run']],
    ),
  ];
}
