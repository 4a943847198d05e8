// Snippets of streams and of nginx's main level: parsed, so that what cannot be kept is named, and never interpreted.
import { adviceFor } from './directive-list.ts';
import { parseDirectives } from './parse-directives.ts';

const STREAM_ADVICE = 'TCP and UDP ports only come from the ConfigMaps of --tcp-services-configmap and --udp-services-configmap';

/** Ends a sentence that starts with "the snippet"; undefined: it says nothing. */
export function streamSnippetProblem(text: string): string | undefined {
  return firstProblem(text, () => `: ${STREAM_ADVICE}`);
}

/** The same of `main-snippet`. */
export function mainSnippetProblem(text: string): string | undefined {
  return firstProblem(text, adviceFor);
}

function firstProblem(text: string, advise: (name: string) => string): string | undefined {
  const directives = parseDirectives(text);
  if (!directives.ok) return directives.error;
  const [first] = directives.value;
  if (first === undefined) return undefined;
  const name = /^[\w.$-]{1,80}$/.test(first.name) ? first.name : JSON.stringify(first.name.slice(0, 80));
  return `has ${name} in line ${first.line}, which is not interpreted${advise(first.name)}`;
}
