// The routing table: which compiled host takes a request. Hosts are compiled one by one as they change and replaced by one assignment; there is
// always an answer, because a built-in catch-all without routes stands in where `_` is missing.
import { CATCH_ALL_HOST } from '../model/route.ts';
import type { HostName, VirtualHost } from '../model/route.ts';
import { compiledRoute } from './compiled-host.ts';
import type { CompileRoute, CompiledHost, CompiledRoute, PathVerdict } from './compiled-host.ts';
import { HostAliases, isExactAlias } from './host-aliases.ts';
import { compileLiteralHost } from './literal-host.ts';
import { withLocations } from './located-host.ts';
import { createPatternCache } from './pattern-cache.ts';
import type { PatternCache } from './pattern-cache.ts';
import { compileRegexHost } from './regex-host.ts';

export interface RoutingTable<T> {
  /** Compiles the host and puts it in the place of the one with the same name, if there is one. */
  upsertHost(host: VirtualHost): void;
  removeHost(name: HostName): void;
  /**
   * Finds the host for a name that `normaliseHost` gave: the exact name, else an alias with a wildcard, else `*.` with its first label
   * replaced or an alias that is a regular expression, else the catch-all. A wildcard that is no alias takes exactly one label of letters,
   * digits, `-` and `_`. Empty for a request without a host.
   */
  findHost(hostName: string): CompiledHost<T>;
  /** Compiles every host again, because something that `compileRoute` reads, such as the global settings, has changed. */
  rebuild(): void;
  /** Every compiled host, in no particular order, without the built-in catch-all. */
  hosts(): Iterable<CompiledHost<T>>;
  readonly size: number;
  /** Another one after each change of the table: what `findHost` said before may not hold any more. */
  readonly version: number;
}

export interface RoutingTableOptions {
  /** Give the same cache to tables that live side by side. */
  readonly patterns?: PatternCache;
}

export function createRoutingTable<T>(compileRoute: CompileRoute<T>, options: RoutingTableOptions = {}): RoutingTable<T> {
  return new HostTable(compileRoute, options.patterns ?? createPatternCache());
}

/** Compiles one host. Equal hosts give the same verdicts. */
export function compileHost<T>(host: VirtualHost, compileRoute: CompileRoute<T>, patterns: PatternCache): CompiledHost<T> {
  const routes = host.pathMode === 'regex' ? compileRegexHost(host, compileRoute, patterns) : compileLiteralHost(host, compileRoute);
  const compiled = host.locations === undefined ? routes : withLocations(routes, host.locations, compileRoute);
  return host.rootRoute === undefined
    ? compiled
    : new RootedHost(compiled, compiledRoute(host.rootRoute, compileRoute(host.rootRoute, host)));
}

/** A host of which one route takes exactly `/`, before all others. */
class RootedHost<T> implements CompiledHost<T> {
  readonly host: VirtualHost;
  readonly only = undefined;
  readonly #others: CompiledHost<T>;
  readonly #root: CompiledRoute<T>;

  constructor(others: CompiledHost<T>, root: CompiledRoute<T>) {
    this.host = others.host;
    this.#others = others;
    this.#root = root;
  }

  matchPath(path: string): PathVerdict<T> | undefined {
    return path === '/' ? this.#root : this.#others.matchPath(path);
  }
}

/** What takes requests for unknown hosts as long as the model has no catch-all: nothing matches, so the answer is a 404. */
export const BUILT_IN_CATCH_ALL: VirtualHost = {
  name: CATCH_ALL_HOST,
  pathMode: 'literal',
  routes: [],
  tls: { kind: 'none' },
  origin: { kind: 'Flag', namespace: '', name: 'built-in catch-all' },
};

const PERIOD = 0x2e;

class HostTable<T> implements RoutingTable<T> {
  version = 0;
  readonly #compileRoute: CompileRoute<T>;
  readonly #patterns: PatternCache;
  readonly #builtInCatchAll: CompiledHost<T>;
  #catchAll: CompiledHost<T>;
  #exact = new Map<string, CompiledHost<T>>();
  /** Key: the name without `*`, so `.shop.example`. */
  #wildcards = new Map<string, CompiledHost<T>>();
  #aliases = new HostAliases<T>();

  constructor(compileRoute: CompileRoute<T>, patterns: PatternCache) {
    this.#compileRoute = compileRoute;
    this.#patterns = patterns;
    this.#builtInCatchAll = this.#compile(BUILT_IN_CATCH_ALL);
    this.#catchAll = this.#builtInCatchAll;
  }

  get size(): number {
    return this.#exact.size + this.#wildcards.size + this.#aliases.size + (this.#catchAll === this.#builtInCatchAll ? 0 : 1);
  }

  upsertHost(host: VirtualHost): void {
    const { name, aliasOf } = host;
    const compiled = this.#compile(host);
    this.version++;
    if (aliasOf !== undefined && !isExactAlias(name)) {
      this.#wildcards.delete(name.slice(1));
      this.#aliases.set(name, aliasOf, compiled);
      return;
    }
    if (this.#aliases.size > 0) this.#aliases.delete(name);
    if (name === CATCH_ALL_HOST) this.#catchAll = compiled;
    else if (name.startsWith('*.')) this.#wildcards.set(name.slice(1), compiled);
    else this.#exact.set(name, compiled);
  }

  removeHost(name: HostName): void {
    this.version++;
    if (this.#aliases.size > 0) this.#aliases.delete(name);
    if (name === CATCH_ALL_HOST) this.#catchAll = this.#builtInCatchAll;
    else if (name.startsWith('*.')) this.#wildcards.delete(name.slice(1));
    else this.#exact.delete(name);
  }

  findHost(hostName: string): CompiledHost<T> {
    const exact = this.#exact.get(hostName);
    if (exact !== undefined) return exact;
    const wildcard = this.#wildcards.size === 0 ? undefined : this.#findWildcard(hostName);
    const found = this.#aliases.size === 0 ? wildcard : this.#aliases.find(hostName, wildcard);
    return found ?? this.#catchAll;
  }

  #findWildcard(hostName: string): CompiledHost<T> | undefined {
    const labelEnd = endOfLabel(hostName);
    return labelEnd > 0 ? this.#wildcards.get(hostName.slice(labelEnd)) : undefined;
  }

  rebuild(): void {
    // All first, then swapped: a request sees the old world or the new one.
    const exact = new Map(this.#exact.entries().map(([name, { host }]) => [name, this.#compile(host)]));
    const wildcards = new Map(this.#wildcards.entries().map(([name, { host }]) => [name, this.#compile(host)]));
    const aliases = new HostAliases<T>();
    for (const { host } of this.#aliases.hosts()) if (host.aliasOf !== undefined) aliases.set(host.name, host.aliasOf, this.#compile(host));
    if (this.#catchAll !== this.#builtInCatchAll) this.#catchAll = this.#compile(this.#catchAll.host);
    this.version++;
    this.#exact = exact;
    this.#wildcards = wildcards;
    this.#aliases = aliases;
  }

  *hosts(): Iterable<CompiledHost<T>> {
    yield* this.#exact.values();
    yield* this.#wildcards.values();
    yield* this.#aliases.hosts();
    if (this.#catchAll !== this.#builtInCatchAll) yield this.#catchAll;
  }

  #compile(host: VirtualHost): CompiledHost<T> {
    return compileHost(host, this.#compileRoute, this.#patterns);
  }
}

/** Where the first label ends, if it is one that a wildcard takes and a dot follows; else -1. */
function endOfLabel(hostName: string): number {
  for (let index = 0; index < hostName.length; index++) {
    const code = hostName.charCodeAt(index);
    if (code === PERIOD) return index === 0 ? -1 : index;
    const isDigit = code >= 0x30 && code <= 0x39;
    const letter = code | 0x20;
    if (!isDigit && !(letter >= 0x61 && letter <= 0x7a) && code !== 0x2d && code !== 0x5f) return -1;
  }
  return -1;
}
