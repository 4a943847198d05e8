// Aliases with wildcards or regular expressions (annotation `server-alias`), looked up where no host has the exact name, in nginx's order: the
// longest `*.name` for any depth, the longest `name.*`, then regular expressions and wildcard hosts by the name of their host.
import { compileSearchPattern } from '../kit/pattern.ts';
import type { Pattern } from '../kit/pattern.ts';
import type { HostName } from '../model/route.ts';
import type { CompiledHost } from './compiled-host.ts';

interface RegexAlias<T> {
  readonly name: HostName;
  readonly aliasOf: HostName;
  /** Undefined: does not compile, which translation has reported, and takes no name. */
  readonly pattern: Pattern | undefined;
  readonly host: CompiledHost<T>;
}

/** What kind of alias a name is; exact ones are not kept here. */
export function isExactAlias(name: string): boolean {
  return !name.startsWith('~') && !name.startsWith('*.') && !name.endsWith('.*');
}

export class HostAliases<T> {
  /** Key: the name without `*`, so `.shop.example`. */
  readonly #leading = new Map<string, CompiledHost<T>>();
  /** Key: the name without `*`, so `shop.`. */
  readonly #trailing = new Map<string, CompiledHost<T>>();
  /** In the order in which they are tried. */
  #regexes: readonly RegexAlias<T>[] = [];

  get size(): number {
    return this.#leading.size + this.#trailing.size + this.#regexes.length;
  }

  *hosts(): Iterable<CompiledHost<T>> {
    yield* this.#leading.values();
    yield* this.#trailing.values();
    for (const { host } of this.#regexes) yield host;
  }

  set(name: HostName, aliasOf: HostName, host: CompiledHost<T>): void {
    this.delete(name);
    if (name.startsWith('~')) {
      const pattern = compileSearchPattern(name.slice(1));
      const alias = { name, aliasOf, pattern: pattern.ok ? pattern.value : undefined, host };
      this.#regexes = [...this.#regexes, alias].sort(compareRegexAliases);
    } else if (name.startsWith('*.')) {
      this.#leading.set(name.slice(1), host);
    } else {
      this.#trailing.set(name.slice(0, -1), host);
    }
  }

  delete(name: HostName): void {
    this.#leading.delete(name.slice(1));
    this.#trailing.delete(name.slice(0, -1));
    if (name.startsWith('~')) this.#regexes = this.#regexes.filter((alias) => alias.name !== name);
  }

  /** @param wildcard the host of a wildcard rule that takes the name too. */
  find(hostName: string, wildcard: CompiledHost<T> | undefined): CompiledHost<T> | undefined {
    if (hostName === '') return wildcard;
    return this.#findWildcard(hostName) ?? this.#findByOrder(hostName, wildcard);
  }

  #findWildcard(hostName: string): CompiledHost<T> | undefined {
    if (this.#leading.size > 0) {
      for (let dot = hostName.indexOf('.', 1); dot !== -1; dot = hostName.indexOf('.', dot + 1)) {
        const found = this.#leading.get(hostName.slice(dot));
        if (found !== undefined) return found;
      }
    }
    if (this.#trailing.size > 0) {
      for (let dot = hostName.lastIndexOf('.'); dot > 0; dot = hostName.lastIndexOf('.', dot - 1)) {
        const found = this.#trailing.get(hostName.slice(0, dot + 1));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #findByOrder(hostName: string, wildcard: CompiledHost<T> | undefined): CompiledHost<T> | undefined {
    for (const { aliasOf, pattern, host } of this.#regexes) {
      if (wildcard !== undefined && wildcard.host.name <= aliasOf) return wildcard;
      if (pattern?.test(hostName) === true) return host;
    }
    return wildcard;
  }
}

function compareRegexAliases(one: RegexAlias<unknown>, other: RegexAlias<unknown>): number {
  if (one.aliasOf !== other.aliasOf) return one.aliasOf < other.aliasOf ? -1 : 1;
  return one.name < other.name ? -1 : 1;
}
