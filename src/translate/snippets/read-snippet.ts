// From nginx directives to what a snippet means. The list of directives is short and closed (directive-list.ts): one that is not in it, or
// that stands where it cannot be kept, refuses the whole snippet, because half of a snippet may be worse than none. Nothing of a snippet
// is ever executed.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { AddressRule, Snippet, SnippetLocation, SnippetMap, SnippetRule, SnippetStep } from '../../model/policies/snippet.ts';
import { adviceFor, directivesByName } from './directive-list.ts';
import type { SnippetPlace } from './directive-list.ts';
import { parseDirectives } from './parse-directives.ts';
import type { Directive } from './parse-directives.ts';
import { readAddresses, readHeaderDirective } from './read-headers.ts';
import { readMap } from './read-map.ts';
import { readLocationMatch } from './read-location.ts';
import { namesSetIn, readCondition, readRewriteDirective } from './read-rewriting.ts';
import { readSetting } from './read-settings.ts';
import type { SnippetSetting } from './read-settings.ts';

export interface SnippetProblem {
  /** Ends a sentence that starts with "the snippet". */
  readonly message: string;
  /** True: it may be there to keep somebody out, so that routes must not be served without it. */
  readonly isProtective: boolean;
}

export interface ReadSnippet {
  readonly snippet: Snippet;
  /** `location` blocks, in their order. */
  readonly locations: readonly SnippetLocation[];
  /** `map`, of http-snippet only. */
  readonly maps: readonly SnippetMap[];
  /** Applied to what the annotations say. */
  readonly settings: readonly SnippetSetting[];
}

export type SnippetReading = { readonly ok: true; readonly value: ReadSnippet } | { readonly ok: false; readonly error: SnippetProblem };

const NO_NAMES: ReadonlySet<string> = new Set();
/** Words of directives that keep somebody out. */
const PROTECTIVE =
  /\b(?:deny|allow|satisfy|auth_\w+|limit_(?:req|conn|except)\w*|return\s+[45]\d\d|valid_referers|secure_link\w*|modsecurity\w*|ssl_verify\w*|\w+_by_lua\w*|internal)\b/;
/** Each may have a regular expression, which takes milliseconds to compile where somebody wants it to. */
const MAX_PATTERNS = 200;
const MAX_LOOKED_THROUGH = 256 * 1024;

/** @param knownNames variables that other snippets set before. */
export function readSnippet(text: string, place: SnippetPlace, knownNames: ReadonlySet<string> = NO_NAMES): SnippetReading {
  const read = readAll(text, place, knownNames);
  return read.ok ? read : fail({ message: read.error, isProtective: mayProtect(text) });
}

function readAll(text: string, place: SnippetPlace, knownNames: ReadonlySet<string>): Result<ReadSnippet> {
  const directives = parseDirectives(text);
  if (!directives.ok) return directives;
  if (countPatterns(directives.value) > MAX_PATTERNS)
    return fail(`has more than ${MAX_PATTERNS} of "if", "rewrite" and "location" together`);
  return new SnippetReader(knownNames.union(new Set(namesSetIn(directives.value)))).read(directives.value, place);
}

function countPatterns(directives: readonly Directive[]): number {
  let count = 0;
  for (const { name, block } of directives) {
    if (name === 'if' || name === 'rewrite' || name === 'location') count++;
    if (block !== undefined) count += countPatterns(block);
  }
  return count;
}

/** Whether a text that cannot be read may be there to keep somebody out. */
export function mayProtect(text: string): boolean {
  return text.length > MAX_LOOKED_THROUGH || PROTECTIVE.test(text);
}

/** Names of variables that a snippet sets, for those that come behind it. */
export function variablesOf(text: string): ReadonlySet<string> {
  const directives = parseDirectives(text);
  return directives.ok ? new Set(namesSetIn(directives.value)) : NO_NAMES;
}

interface Parts {
  readonly steps: SnippetStep[];
  readonly rules: SnippetRule[];
  readonly addresses: AddressRule[];
  readonly locations: SnippetLocation[];
  readonly settings: SnippetSetting[];
  readonly maps: SnippetMap[];
}

class SnippetReader {
  readonly #names: ReadonlySet<string>;

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  read(directives: readonly Directive[], place: SnippetPlace): Result<ReadSnippet> {
    const parts: Parts = { steps: [], rules: [], addresses: [], locations: [], settings: [], maps: [] };
    for (const directive of directives) {
      const read = this.#readDirective(directive, place, parts);
      if (!read.ok) return fail(`has ${shown(directive.name)} in line ${directive.line}, ${read.error}`);
    }
    const { steps, rules, addresses, locations, settings, maps } = parts;
    return ok({ snippet: { steps, rules, addresses }, locations, settings, maps });
  }

  #readDirective(directive: Directive, place: SnippetPlace, parts: Parts): Result<void> {
    const { name, args, block } = directive;
    const row = directivesByName.get(name);
    if (row === undefined) return fail(`which is not interpreted${adviceFor(name)}`);
    if (!row.places.includes(place)) return fail(`which is not interpreted ${PLACE_NAMES[place]}${elsewhere(row.elsewhere)}`);
    if (name === 'if') return this.#readIf(directive, place, parts);
    if (name === 'location') return this.#readLocation(directive, parts);
    if (name === 'map') {
      const map = readMap(directive, this.#names);
      if (map.ok) parts.maps.push(map.value);
      return map.ok ? ok(undefined) : map;
    }
    if (block !== undefined) return fail('which takes no block');
    return (
      addTo(parts.steps, readRewriteDirective(name, args, this.#names)) ??
      addTo(parts.rules, readHeaderDirective(directive, this.#names)) ??
      addTo(parts.addresses, readAddresses(name, args)) ??
      addTo(parts.settings, readSetting(name, args)) ??
      fail('which is not interpreted')
    );
  }

  #readIf({ args, block }: Directive, place: SnippetPlace, parts: Parts): Result<void> {
    if (block === undefined) return fail('which has no block');
    const condition = readCondition(args, this.#names);
    if (!condition.ok) return condition;
    const inner = this.read(block, place === 'server' ? 'server-if' : 'location-if');
    if (!inner.ok) return fail(`which ${inner.error}`);
    const { steps, rules } = inner.value.snippet;
    parts.steps.push({ kind: 'if', condition: condition.value, steps, rules });
    return ok(undefined);
  }

  #readLocation({ args, block }: Directive, parts: Parts): Result<void> {
    if (block === undefined) return fail('which has no block');
    const match = readLocationMatch(args);
    if (!match.ok) return match;
    const key = JSON.stringify(match.value);
    if (match.value.kind !== 'regex' && parts.locations.some((other) => JSON.stringify(other.match) === key))
      return fail('which is there twice for the same path');
    const inner = this.read(block, 'answer');
    if (!inner.ok) return fail(`which ${inner.error}`);
    parts.locations.push({ match: match.value, snippet: inner.value.snippet });
    return ok(undefined);
  }
}

const PLACE_NAMES: Readonly<Record<SnippetPlace, string>> = {
  http: 'at the level of http',
  server: 'at the level of the host',
  'server-if': 'in "if" at the level of the host',
  location: 'at the level of a location',
  'location-if': 'in "if"',
  answer: 'in "location"',
  auth: 'in auth-snippet',
};

function elsewhere(advice: string | undefined): string {
  return advice === undefined ? '' : `: ${advice}`;
}

/** A name may be any text. */
function shown(name: string): string {
  return /^[\w.$-]{1,80}$/.test(name) ? name : JSON.stringify(name.slice(0, 80));
}

/** Undefined: the directive is not of this family. */
function addTo<T>(list: T[], read: Result<readonly T[]> | undefined): Result<void> | undefined {
  if (read === undefined || !read.ok) return read;
  list.push(...read.value);
  return ok(undefined);
}
