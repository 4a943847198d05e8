// The server-snippet of one host: that of the oldest Ingress with one. Its `location` blocks become routes of their own, which only answer.
import { rulePath } from '../../model/route.ts';
import type { HostLocation, PathMatch, VirtualHost } from '../../model/route.ts';
import type { SnippetLocationMatch } from '../../model/policies/snippet.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import type { ServedIngress } from './served-ingress.ts';

/** The oldest one counts, also where it cannot be read. */
export function serverSnippetOf(ingresses: readonly ServedIngress[]): ServedIngress['serverSnippet'] {
  return ownerOf(ingresses)?.serverSnippet;
}

function ownerOf(ingresses: readonly ServedIngress[]): ServedIngress | undefined {
  return ingresses.find((served) => served.serverSnippet !== undefined);
}

/** `isRefused`: every path of the host answers an error, and so do the blocks. */
export function snippetsOf(
  ingresses: readonly ServedIngress[],
  annotationsPrefix: string,
  isRefused: boolean,
): Pick<VirtualHost, 'snippet' | 'locations'> {
  const owner = ownerOf(ingresses);
  if (owner?.serverSnippet === undefined || owner.serverSnippet === 'closed') return {};
  const { snippet, locations } = owner.serverSnippet;
  const origin = { ...owner.ingress.origin, field: annotationField(`${annotationsPrefix}/server-snippet`) };
  const rows = locations.map(({ match, snippet: own }, index): HostLocation => ({
    match,
    route: {
      id: `snippet-location:${index}`,
      match: shownMatch(match),
      action: { kind: 'answer' },
      policies: { snippet: own },
      // As in ingress-nginx, where only its own locations have these.
      labels: { namespace: '', ingress: '', service: '', servicePort: '', path: rulePath(match) },
      origin,
    },
  }));
  return { snippet, ...(rows.length > 0 && !isRefused && { locations: rows }) };
}

/** nginx tries regular expressions before a path without `^~`, and on a host with some the paths of all rules are, `/` too. */
export function findUnreachedLocations(ingresses: readonly ServedIngress[], annotationsPrefix: string): readonly Finding[] {
  const owner = ownerOf(ingresses);
  const snippet = owner?.serverSnippet;
  const locations = snippet === undefined || snippet === 'closed' ? [] : snippet.locations;
  return locations.flatMap(({ match }) => {
    if (owner === undefined || match.kind !== 'prefix' || match.isFinal) return [];
    const { path } = match;
    const message =
      `location ${path} of the snippet is never reached, as in nginx, for the paths of this host are regular expressions, ` +
      `which go first; write "location ^~ ${path}"`;
    return [finding('PRT-ANN-3', message, owner.ingress, annotationField(`${annotationsPrefix}/server-snippet`))];
  });
}

function shownMatch(match: SnippetLocationMatch): PathMatch {
  switch (match.kind) {
    case 'exact':
      return { kind: 'exact', path: match.path };
    case 'prefix':
      return { kind: 'prefix', path: match.path };
    case 'regex':
      return { kind: 'regex', pattern: match.pattern };
  }
}
