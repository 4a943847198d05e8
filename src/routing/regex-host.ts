// Matches paths on a host on which an object uses regular expressions: then every path of the host is one, case-insensitive and anchored at the
// start only, and the first that matches wins, longest rule path first, ties lexically greater first (ingress-nginx: "regex host").
// Exact is no longer exact here, and `.` in a plain path takes any character. There is no slash redirect.
//
// A pattern that cannot take the path because of its literal beginning is skipped before it is compiled or run.
import { assertNever } from '../kit/assert-never.ts';
import { literalPrefix } from '../kit/literal-prefix.ts';
import { rulePath } from '../model/route.ts';
import type { PathMatch, VirtualHost } from '../model/route.ts';
import { compiledRoute } from './compiled-host.ts';
import type { CompileRoute, CompiledHost, CompiledRoute } from './compiled-host.ts';
import type { PatternCache } from './pattern-cache.ts';

export function compileRegexHost<T>(host: VirtualHost, compileRoute: CompileRoute<T>, patterns: PatternCache): CompiledHost<T> {
  const exactPaths = new Set(host.routes.flatMap((route) => (route.match.kind === 'exact' ? [route.match.path] : [])));
  const rows: Row<T>[] = [];
  // The sort is stable: of two equal rule paths the first route's stays ahead.
  for (const route of host.routes.toSorted((one, other) => compareEvaluationOrder(rulePath(one.match), rulePath(other.match)))) {
    const target = compileRoute(route, host);
    for (const pattern of regexPatterns(route.match, exactPaths)) {
      const isUsable = route.isUnusablePattern !== true;
      rows.push({ literal: literalPrefix(pattern), pattern, isUsable, verdict: compiledRoute(route, target, pattern) });
    }
  }
  return new RegexHost(host, rows, patterns);
}

/**
 * The patterns that a path rule stands for on a regex host. A prefix `/foo` gives `/foo/` and `/foo`, only the first if an exact `/foo` is there:
 * ingress-nginx makes these two locations before it turns them into patterns.
 */
function regexPatterns(match: PathMatch, exactPaths: ReadonlySet<string>): readonly string[] {
  switch (match.kind) {
    case 'regex':
      return [match.pattern];
    case 'exact':
      return [match.path];
    case 'prefix': {
      if (match.path === '/') return ['/'];
      const withSlash = match.path.endsWith('/') ? match.path : `${match.path}/`;
      return exactPaths.has(match.path) || withSlash === match.path ? [withSlash] : [withSlash, match.path];
    }
    default:
      return assertNever(match);
  }
}

/** Negative if the patterns of the first rule path are tried first. Lengths are in bytes of UTF-8, as ingress-nginx compares them. */
function compareEvaluationOrder(one: string, other: string): number {
  const byLength = utf8Length(other) - utf8Length(one);
  if (byLength !== 0 || one === other) return byLength;
  return one > other ? -1 : 1;
}

/** Up to this many patterns looking at each is faster than the index (bench/micro/matcher.ts). */
const MAX_LINEAR_ROWS = 16;
const NO_PLACES: readonly number[] = [];
const ASCII_ONLY = /^[\0-\x7f]*$/;

interface Row<T> {
  readonly literal: string;
  readonly pattern: string;
  /** False: whatever has the literal beginning is taken. */
  readonly isUsable: boolean;
  readonly verdict: CompiledRoute<T>;
}

interface LiteralIndex {
  /** The places of the rows with this literal beginning. */
  readonly placesByLiteral: ReadonlyMap<string, readonly number[]>;
  readonly lengths: readonly number[];
}

function createIndex(rows: readonly Row<unknown>[]): LiteralIndex {
  return {
    placesByLiteral: Map.groupBy(rows.keys(), (place) => rows[place]?.literal ?? ''),
    lengths: [...new Set(rows.map((row) => row.literal.length))],
  };
}

class RegexHost<T> implements CompiledHost<T> {
  readonly only = undefined;
  readonly host: VirtualHost;
  readonly #rows: readonly Row<T>[];
  readonly #patterns: PatternCache;
  /** Of hosts with many rows only. */
  readonly #index: LiteralIndex | undefined;

  constructor(host: VirtualHost, rows: readonly Row<T>[], patterns: PatternCache) {
    this.host = host;
    this.#rows = rows;
    this.#patterns = patterns;
    this.#index = rows.length > MAX_LINEAR_ROWS ? createIndex(rows) : undefined;
  }

  matchPath(path: string): CompiledRoute<T> | undefined {
    // Unicode folds some characters outside ASCII to ASCII letters, such as the Kelvin sign to k: then the index could miss a row.
    if (this.#index !== undefined && ASCII_ONLY.test(path)) return this.#matchIndexed(path, this.#index);
    for (const row of this.#rows) {
      if (mayBeginWith(path, row.literal) && this.#takes(row, path)) return row.verdict;
    }
    return undefined;
  }

  /** With many services under one host nearly every pattern begins differently: few are left to run. */
  #matchIndexed(path: string, { placesByLiteral, lengths }: LiteralIndex): CompiledRoute<T> | undefined {
    const lower = path.toLowerCase();
    const places: number[] = [];
    for (const length of lengths) {
      if (length > lower.length) continue;
      for (const place of placesByLiteral.get(lower.slice(0, length)) ?? NO_PLACES) places.push(place);
    }
    places.sort((one, other) => one - other);
    for (const place of places) {
      const row = this.#rows[place];
      if (row !== undefined && this.#takes(row, path)) return row.verdict;
    }
    return undefined;
  }

  /** Asked only about paths that may have the literal beginning. */
  #takes({ isUsable, pattern }: Row<T>, path: string): boolean {
    return !isUsable || this.#patterns.matches(pattern, path);
  }
}

/** False only if the path certainly does not begin with these characters, whatever their case. */
function mayBeginWith(path: string, literal: string): boolean {
  if (path.length < literal.length) return false;
  for (let index = 0; index < literal.length; index++) {
    let code = path.charCodeAt(index);
    // It may fold to an ASCII letter: RE2 decides.
    if (code >= 0x80) return true;
    if (code >= 0x41 && code <= 0x5a) code += 0x20;
    if (code !== literal.charCodeAt(index)) return false;
  }
  return true;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) length += 1;
    else if (point < 0x800) length += 2;
    else length += point < 0x10000 ? 3 : 4;
  }
  return length;
}
