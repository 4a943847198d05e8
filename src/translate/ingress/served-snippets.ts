// The snippets of one Ingress, as far as they are allowed and can be interpreted. One that cannot be is left out as a whole; where it may
// keep somebody out, the routes answer 503 instead.
import type { Snippet } from '../../model/policies/snippet.ts';
import type { Ingress } from '../../resources/objects.ts';
import type { AuthHeader } from '../annotations/external-auth.ts';
import type { AnnotationDraft } from '../annotations/row.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readAuthSnippet } from '../snippets/auth-headers.ts';
import { readSnippet, variablesOf } from '../snippets/read-snippet.ts';
import type { ReadSnippet, SnippetProblem } from '../snippets/read-snippet.ts';
import { streamSnippetProblem } from '../snippets/stream-snippet.ts';

export interface ServedSnippets {
  readonly location: Snippet | undefined;
  readonly server: ReadSnippet | undefined;
  /** What the annotations say, as far as snippets do not say otherwise. */
  readonly values: Readonly<AnnotationDraft>;
  /** True: the routes of the Ingress, or all of its hosts, answer 503. */
  readonly isRefused: boolean;
  readonly refusesHosts: boolean;
  readonly findings: readonly Finding[];
}

export interface SnippetRules {
  readonly areAllowed: boolean;
  readonly annotationsPrefix: string;
  /** Variables that snippets of the ConfigMap set. */
  readonly knownVariables: readonly string[];
}

export function readSnippets(ingress: Ingress, values: Readonly<AnnotationDraft>, rules: SnippetRules): ServedSnippets {
  const { configurationSnippet, serverSnippet, streamSnippet } = values;
  const authSnippet = values.access.external?.snippet;
  const isNone =
    configurationSnippet === undefined && serverSnippet === undefined && streamSnippet === undefined && authSnippet === undefined;
  return isNone
    ? { location: undefined, server: undefined, values, isRefused: false, refusesHosts: false, findings: [] }
    : new Reading(ingress, values, rules).result();
}

type SnippetName = 'configuration-snippet' | 'server-snippet' | 'auth-snippet' | 'stream-snippet';

class Reading {
  readonly #ingress: Ingress;
  readonly #values: Readonly<AnnotationDraft>;
  readonly #rules: SnippetRules;
  readonly #findings: Finding[] = [];
  #isRefused = false;
  #refusesHosts = false;

  constructor(ingress: Ingress, values: Readonly<AnnotationDraft>, rules: SnippetRules) {
    this.#ingress = ingress;
    this.#values = values;
    this.#rules = rules;
  }

  result(): ServedSnippets {
    const location = this.#location();
    const server = this.#server();
    const authHeaders = this.#authHeaders();
    this.#reportStream();
    return {
      location: location?.snippet,
      server,
      values: this.#changedValues(location?.settings ?? [], authHeaders),
      isRefused: this.#isRefused,
      refusesHosts: this.#refusesHosts,
      findings: this.#findings,
    };
  }

  #location(): ReadSnippet | undefined {
    const text = this.#allowed('configuration-snippet', this.#values.configurationSnippet);
    if (text === undefined) return undefined;
    const known = new Set(this.#rules.knownVariables).union(variablesOf(this.#values.serverSnippet ?? ''));
    const reading = readSnippet(text, 'location', known);
    if (reading.ok) return reading.value;
    this.#leaveOut('configuration-snippet', reading.error);
    this.#isRefused ||= reading.error.isProtective;
    return undefined;
  }

  #server(): ReadSnippet | undefined {
    const text = this.#allowed('server-snippet', this.#values.serverSnippet);
    if (text === undefined) return undefined;
    const reading = readSnippet(text, 'server', new Set(this.#rules.knownVariables));
    if (reading.ok) return reading.value;
    this.#leaveOut('server-snippet', reading.error);
    this.#refusesHosts ||= reading.error.isProtective;
    return undefined;
  }

  #authHeaders(): readonly AuthHeader[] | undefined {
    const text = this.#allowed('auth-snippet', this.#values.access.external?.snippet);
    if (text === undefined) return undefined;
    if (this.#values.access.external?.url === undefined) {
      this.#report('PRT-ANN-6', 'auth-snippet', 'auth-snippet has no effect without auth-url');
      return undefined;
    }
    const reading = readAuthSnippet(text);
    if (reading.ok) return reading.value;
    // Without it the service might say yes where it should not.
    this.#leaveOut('auth-snippet', { ...reading.error, isProtective: true });
    this.#isRefused = true;
    return undefined;
  }

  #reportStream(): void {
    const text = this.#allowed('stream-snippet', this.#values.streamSnippet);
    const message = text === undefined ? undefined : streamSnippetProblem(text);
    if (message !== undefined) this.#leaveOut('stream-snippet', { message, isProtective: false });
  }

  /** The text, unless there is none or snippets are not allowed. */
  #allowed(name: SnippetName, text: string | undefined): string | undefined {
    if (text === undefined || this.#rules.areAllowed) return text;
    const message = `${name} is left out, for neither ConfigMap key allow-snippet-annotations nor the flag of that name allows snippets`;
    this.#report('PRT-ANN-2', name, message);
    return undefined;
  }

  #leaveOut(name: SnippetName, { message, isProtective }: SnippetProblem): void {
    if (!isProtective) return this.#report('PRT-ANN-2', name, `the snippet ${message}; the whole snippet is left out`);
    const paths = name === 'server-snippet' ? 'all paths of these hosts answer' : 'the paths of this Ingress answer';
    this.#report('PRT-ANN-4', name, `the snippet ${message}; it may be there to keep somebody out, so ${paths} 503`);
  }

  #report(code: Finding['code'], name: SnippetName, message: string): void {
    this.#findings.push(finding(code, message, this.#ingress, annotationField(`${this.#rules.annotationsPrefix}/${name}`)));
  }

  #changedValues(settings: ReadSnippet['settings'], authHeaders: readonly AuthHeader[] | undefined): Readonly<AnnotationDraft> {
    if (settings.length === 0 && authHeaders === undefined) return this.#values;
    const { proxy, access, buffering, limits } = this.#values;
    const draft: AnnotationDraft = {
      ...this.#values,
      proxy: { ...proxy },
      access: { ...access, external: { ...access.external, ...(authHeaders !== undefined && { snippetHeaders: authHeaders }) } },
      ...(buffering !== undefined && { buffering: { ...buffering } }),
      ...(limits !== undefined && { limits: { ...limits } }),
    };
    for (const apply of settings) apply(draft);
    return draft;
  }
}
