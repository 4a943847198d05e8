// Snippets of the ConfigMap: nginx directives that hold for every route. The ConfigMap is the administrator's, so they need no permission; they
// are read by the grammar of snippet annotations, and refused as a whole in the same way. Where one may keep somebody out and cannot be
// read, all paths answer 503.
import { ok } from '../../kit/result.ts';
import type { ConfigMap } from '../../resources/objects.ts';
import { keyPath } from '../../resources/field-path.ts';
import { finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readAuthSnippet } from '../snippets/auth-headers.ts';
import { readSnippet, variablesOf } from '../snippets/read-snippet.ts';
import type { ReadSnippet, SnippetProblem } from '../snippets/read-snippet.ts';
import { mainSnippetProblem, streamSnippetProblem } from '../snippets/stream-snippet.ts';
import type { ConfigReading } from './read-configmap.ts';
import { supported } from './row.ts';
import type { ConfigRow } from './row.ts';

const DIFFERS =
  'never executed: the directives of reference/snippets.md are interpreted, and a snippet with any other is refused as a whole';
const NEVER = 'never interpreted: there is a key or a flag for what can be set';

const PLACES = { 'http-snippet': 'http', 'server-snippet': 'server', 'location-snippet': 'location' } as const;
type PlacedKey = keyof typeof PLACES;

/** They are read together, by `withSnippets`. */
export const snippetKeys: readonly ConfigRow[] = (
  [
    ['http-snippet', 'nginx directives for everything: headers, `allow` and `deny`.', DIFFERS],
    ['server-snippet', 'nginx directives for every host, behind those of its annotation.', DIFFERS],
    ['location-snippet', 'nginx directives for every location, behind those of its annotation.', DIFFERS],
    ['global-auth-snippet', 'nginx directives for the request to `global-auth-url`: headers.', DIFFERS],
    ['main-snippet', 'nginx directives of the main level.', NEVER],
    ['stream-snippet', 'nginx directives for streams.', NEVER],
  ] as const
).map(([key, summary, differs]) => supported({ key, defaultText: '', parse: ok<string>, set: () => undefined, summary, differs }));

/** The reading with what the snippets of the ConfigMap mean. */
export function withSnippets(reading: ConfigReading, configMap: ConfigMap | undefined): ConfigReading {
  return configMap === undefined || !snippetKeys.some(({ key }) => (configMap.data.get(key) ?? '').trim() !== '')
    ? reading
    : new Snippets(reading, configMap).result();
}

class Snippets {
  readonly #reading: ConfigReading;
  readonly #configMap: ConfigMap;
  readonly #findings: Finding[] = [];
  readonly #missingProtections: string[] = [];

  constructor(reading: ConfigReading, configMap: ConfigMap) {
    this.#reading = reading;
    this.#configMap = configMap;
  }

  result(): ConfigReading {
    const { config, findings } = this.#reading;
    const httpVariables = variablesOf(this.#text('http-snippet'));
    const serverVariables = httpVariables.union(variablesOf(this.#text('server-snippet')));
    const variables = serverVariables.union(variablesOf(this.#text('location-snippet')));
    const ofHttp = this.#read('http-snippet', new Set());
    const http = ofHttp?.snippet;
    const maps = ofHttp?.maps ?? [];
    const server = this.#read('server-snippet', httpVariables)?.snippet;
    const location = this.#read('location-snippet', serverVariables)?.snippet;
    const authHeaders = this.#authHeaders();
    this.#reportNever('main-snippet', mainSnippetProblem);
    this.#reportNever('stream-snippet', streamSnippetProblem);
    const snippets = {
      ...(maps.length > 0 && { maps }),
      ...(http !== undefined && { http }),
      ...(server !== undefined && { server }),
      ...(location !== undefined && { location }),
    };
    const routing = {
      ...config.routing,
      snippetVariables: [...variables],
      globalAuth: { ...config.routing.globalAuth, ...(authHeaders !== undefined && { snippetHeaders: authHeaders }) },
      missingProtections: [...config.routing.missingProtections, ...this.#missingProtections],
    };
    const settings = Object.keys(snippets).length === 0 ? config.settings : { ...config.settings, snippets };
    return { config: { settings, routing }, findings: [...findings, ...this.#findings] };
  }

  #text(key: string): string {
    return (this.#configMap.data.get(key) ?? '').trim();
  }

  #read(key: PlacedKey, known: ReadonlySet<string>): ReadSnippet | undefined {
    const text = this.#text(key);
    if (text === '') return undefined;
    const reading = readSnippet(text, PLACES[key], known);
    if (!reading.ok) return this.#leaveOut(key, reading.error);
    const { locations, settings } = reading.value;
    // They would be locations of every host, and the ConfigMap has keys for the others.
    const problem =
      locations.length > 0 ? 'has location blocks, which are only read in annotations' : 'has directives that are keys of the ConfigMap';
    return locations.length + settings.length === 0
      ? reading.value
      : this.#leaveOut(key, { message: problem, isProtective: locations.length > 0 });
  }

  #authHeaders(): Extract<ReturnType<typeof readAuthSnippet>, { ok: true }>['value'] | undefined {
    const text = this.#text('global-auth-snippet');
    if (text === '') return undefined;
    if (this.#reading.config.routing.globalAuth.url === undefined) {
      const message = 'global-auth-snippet has no effect without global-auth-url';
      this.#findings.push(finding('PRT-CONF-3', message, this.#configMap, keyPath('data', 'global-auth-snippet')));
      return undefined;
    }
    const reading = readAuthSnippet(text);
    // Without it the service might say yes where it should not.
    return reading.ok ? reading.value : this.#leaveOut('global-auth-snippet', { ...reading.error, isProtective: true });
  }

  #reportNever(key: string, problemOf: (text: string) => string | undefined): void {
    const message = problemOf(this.#text(key));
    if (message !== undefined) this.#leaveOut(key, { message, isProtective: false });
  }

  #leaveOut(key: string, { message, isProtective }: SnippetProblem): undefined {
    const end = isProtective ? 'it may be there to keep somebody out, so all paths answer 503' : 'the whole snippet is left out';
    this.#findings.push(
      finding(isProtective ? 'PRT-CONF-6' : 'PRT-CONF-7', `the snippet ${message}; ${end}`, this.#configMap, keyPath('data', key)),
    );
    if (isProtective) this.#missingProtections.push(key);
  }
}
