// The snippets of one Ingress, as far as they are allowed and can be interpreted. One that cannot be is left out as a whole; where it may
// keep somebody out, the routes answer 503 instead.
import type { Snippet } from '../../model/policies/snippet.ts';
import type { Ingress } from '../../resources/objects.ts';
import type { AnnotationDraft } from '../annotations/row.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readSnippet } from '../snippets/read-snippet.ts';
import type { SnippetPlace } from '../snippets/read-snippet.ts';

export interface ServedSnippets {
  readonly location: Snippet | undefined;
  readonly server: Snippet | undefined;
  /** True: the routes of the Ingress, or all of its hosts, answer 503. */
  readonly isRefused: boolean;
  readonly refusesHosts: boolean;
  readonly findings: readonly Finding[];
}

export interface SnippetRules {
  readonly areAllowed: boolean;
  readonly annotationsPrefix: string;
}

const NONE: ServedSnippets = { location: undefined, server: undefined, isRefused: false, refusesHosts: false, findings: [] };

export function readSnippets(ingress: Ingress, values: Readonly<AnnotationDraft>, rules: SnippetRules): ServedSnippets {
  const { configurationSnippet, serverSnippet } = values;
  if (configurationSnippet === undefined && serverSnippet === undefined) return NONE;
  const location = readOne(ingress, configurationSnippet, 'location', rules);
  const server = readOne(ingress, serverSnippet, 'server', rules);
  return {
    location: location.snippet,
    server: server.snippet,
    isRefused: location.isRefused,
    refusesHosts: server.isRefused,
    findings: [...location.findings, ...server.findings],
  };
}

interface OneSnippet {
  readonly snippet: Snippet | undefined;
  readonly isRefused: boolean;
  readonly findings: readonly Finding[];
}

function readOne(
  ingress: Ingress,
  text: string | undefined,
  place: SnippetPlace,
  { areAllowed, annotationsPrefix }: SnippetRules,
): OneSnippet {
  if (text === undefined) return { snippet: undefined, isRefused: false, findings: [] };
  const name = place === 'server' ? 'server-snippet' : 'configuration-snippet';
  const field = annotationField(`${annotationsPrefix}/${name}`);
  if (!areAllowed) {
    const message = `${name} is left out, for neither ConfigMap key allow-snippet-annotations nor the flag of that name allows snippets`;
    return { snippet: undefined, isRefused: false, findings: [finding('PRT-ANN-2', message, ingress, field)] };
  }
  const reading = readSnippet(text, place);
  if (reading.ok) return { snippet: reading.value, isRefused: false, findings: [] };
  const { message, isProtective } = reading.error;
  const paths = place === 'server' ? 'all paths of these hosts answer' : 'the paths of this Ingress answer';
  const found = isProtective
    ? finding('PRT-ANN-4', `the snippet ${message}; it may be there to keep somebody out, so ${paths} 503`, ingress, field)
    : finding('PRT-ANN-2', `the snippet ${message}; the whole snippet is left out`, ingress, field);
  return { snippet: undefined, isRefused: isProtective, findings: [found] };
}
