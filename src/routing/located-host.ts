// A host with `location` blocks of a server-snippet beside its routes. nginx decides between them (`ngx_http_core_find_location`): an exact path
// first, then the longest path, unless a regular expression matches that may still be tried: those of the blocks come before those of the
// routes. Where nginx would refuse the configuration because both name the same path, the block wins.
import { compileExactCasePattern, compileSearchPattern } from '../kit/pattern.ts';
import type { Pattern } from '../kit/pattern.ts';
import type { HostLocation } from '../model/route.ts';
import { compiledRoute } from './compiled-host.ts';
import type { CompileRoute, CompiledHost, CompiledRoute, PathVerdict } from './compiled-host.ts';

export function withLocations<T>(
  routes: CompiledHost<T>,
  locations: readonly HostLocation[],
  compileRoute: CompileRoute<T>,
): CompiledHost<T> {
  const compiled = locations.map(({ match, route }) => ({ match, verdict: compiledRoute(route, compileRoute(route, routes.host)) }));
  const exact = new Map<string, CompiledRoute<T>>();
  const prefixes: PrefixLocation<T>[] = [];
  const regexes: RegexLocation<T>[] = [];
  for (const { match, verdict } of compiled) {
    if (match.kind === 'exact') exact.set(match.path, verdict);
    else if (match.kind === 'prefix') prefixes.push({ path: match.path, isFinal: match.isFinal, verdict });
    else {
      const pattern = (match.ignoresCase ? compileSearchPattern : compileExactCasePattern)(match.pattern);
      if (pattern.ok) regexes.push({ pattern: pattern.value, verdict });
    }
  }
  prefixes.sort((one, other) => other.path.length - one.path.length);
  return new LocatedHost(routes, exact, prefixes, regexes);
}

interface PrefixLocation<T> {
  /** By characters, not by path element. */
  readonly path: string;
  readonly isFinal: boolean;
  readonly verdict: CompiledRoute<T>;
}

interface RegexLocation<T> {
  readonly pattern: Pattern;
  readonly verdict: CompiledRoute<T>;
}

class LocatedHost<T> implements CompiledHost<T> {
  readonly only = undefined;
  readonly #routes: CompiledHost<T>;
  readonly #exact: ReadonlyMap<string, CompiledRoute<T>>;
  /** Longest first. */
  readonly #prefixes: readonly PrefixLocation<T>[];
  readonly #regexes: readonly RegexLocation<T>[];

  constructor(
    routes: CompiledHost<T>,
    exact: ReadonlyMap<string, CompiledRoute<T>>,
    prefixes: readonly PrefixLocation<T>[],
    regexes: readonly RegexLocation<T>[],
  ) {
    this.#routes = routes;
    this.#exact = exact;
    this.#prefixes = prefixes;
    this.#regexes = regexes;
  }

  get host(): CompiledHost<T>['host'] {
    return this.#routes.host;
  }

  matchPath(path: string): PathVerdict<T> | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    const own = this.#routes.matchPath(path);
    const isRegexHost = this.host.pathMode === 'regex';
    const prefix = this.#prefixes.find((location) => path.startsWith(location.path));
    const ownLength = own === undefined || isRegexHost ? -1 : lengthOf(own, path);
    // An exact location is final, and so is the redirect to a path with a slash.
    if (ownLength === Infinity && prefix?.path !== path) return own;
    const best = prefix !== undefined && prefix.path.length >= ownLength ? prefix : undefined;
    if (best?.isFinal === true) return best.verdict;
    const regex = this.#regexes.find(({ pattern }) => pattern.test(path));
    if (regex !== undefined) return regex.verdict;
    return isRegexHost ? (own ?? best?.verdict) : (best?.verdict ?? own);
  }
}

/** Characters of the location that ingress-nginx writes for a route; Infinity where it is an exact one. */
function lengthOf({ kind, route }: PathVerdict<unknown>, path: string): number {
  const { match } = route;
  if (kind === 'slash-redirect' || match.kind === 'exact') return Infinity;
  if (match.kind === 'regex') return -1;
  if (match.path === '/') return 1;
  if (path === match.path && !match.path.endsWith('/')) return Infinity;
  return match.path.endsWith('/') ? match.path.length : match.path.length + 1;
}
