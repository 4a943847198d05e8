// Matches paths on a host without regular expressions (ingress-nginx: "normal host"). An exact path wins; else the longest prefix, by path
// element. Prefix `/foo` also takes `/foo` itself. A rule that ends in `/` redirects the path without it, unless a rule takes that
// path exactly; the redirect wins over shorter prefixes.
//
// All rules become nodes, one for each path without a slash at the end: `own` answers exactly that path, `below` answers it followed by `/` and
// anything. The verdict for a path is the `own` of the node that equals it, else the `below` of the longest node above it. Small hosts are
// searched in order of length; others walk the path once and look a rolling hash up at every `/`. Nothing is allocated per match.
import { assertNever } from '../kit/assert-never.ts';
import type { Route, VirtualHost } from '../model/route.ts';
import { compiledRoute, slashRedirect } from './compiled-host.ts';
import type { CompileRoute, CompiledHost, CompiledRoute, PathVerdict } from './compiled-host.ts';

/** Up to this many nodes a search in order is faster than hashing the path (bench/micro/matcher.ts). */
const MAX_LINEAR_NODES = 16;

export function compileLiteralHost<T>(host: VirtualHost, compileRoute: CompileRoute<T>): CompiledHost<T> {
  const nodes = compileNodes(host, compileRoute);
  return nodes.length <= MAX_LINEAR_NODES ? new LinearHost(host, nodes) : new HashedHost(host, nodes);
}

interface PathNode<T> {
  /** Empty for the prefix `/`. */
  readonly key: string;
  /** Length and last character of the key, kept here so that most nodes are passed over without a look at the key. */
  readonly keyLength: number;
  readonly lastCode: number;
  readonly own: PathVerdict<T> | undefined;
  readonly below: CompiledRoute<T> | undefined;
}

const SLASH = 0x2f;

class LinearHost<T> implements CompiledHost<T> {
  readonly host: VirtualHost;
  readonly only: CompiledRoute<T> | undefined;
  /** Longest key first, so that the first node that takes the path is the right one. */
  readonly #nodes: readonly PathNode<T>[];

  constructor(host: VirtualHost, nodes: readonly PathNode<T>[]) {
    this.host = host;
    const first = nodes.length === 1 ? nodes[0] : undefined;
    // Every path begins with a slash.
    this.only = first?.key === '' ? first.below : undefined;
    this.#nodes = nodes.toSorted((one, other) => other.key.length - one.key.length);
  }

  matchPath(path: string): PathVerdict<T> | undefined {
    const nodes = this.#nodes;
    const pathLength = path.length;
    for (let index = 0; index < nodes.length; index++) {
      const node = nodes[index];
      if (node === undefined) break;
      const length = node.keyLength;
      if (length > pathLength || (length > 0 && path.charCodeAt(length - 1) !== node.lastCode)) continue;
      if (length === pathLength) {
        if (node.own !== undefined && path === node.key) return node.own;
      } else if (node.below !== undefined && path.charCodeAt(length) === SLASH && path.startsWith(node.key)) {
        return node.below;
      }
    }
    return undefined;
  }
}

class HashedHost<T> implements CompiledHost<T> {
  readonly host: VirtualHost;
  readonly only = undefined;
  readonly #root: CompiledRoute<T> | undefined;
  /** Open addressing with linear probing, at most half full; the length is a power of two. */
  readonly #slots: readonly (PathNode<T> | undefined)[];
  readonly #hashes: Int32Array;
  readonly #longestKey: number;

  constructor(host: VirtualHost, nodes: readonly PathNode<T>[]) {
    const slotCount = 2 ** Math.ceil(Math.log2(nodes.length * 2));
    const slots = new Array<PathNode<T> | undefined>(slotCount).fill(undefined);
    const hashes = new Int32Array(slotCount);
    for (const node of nodes) {
      const hash = hashOf(node.key);
      let slot = hash & (slotCount - 1);
      while (slots[slot] !== undefined) slot = (slot + 1) & (slotCount - 1);
      slots[slot] = node;
      hashes[slot] = hash;
    }
    this.host = host;
    this.#root = nodes.find((node) => node.key === '')?.below;
    this.#slots = slots;
    this.#hashes = hashes;
    this.#longestKey = nodes.reduce((longest, node) => Math.max(longest, node.key.length), 0);
  }

  matchPath(path: string): PathVerdict<T> | undefined {
    if (path.charCodeAt(0) !== SLASH) return undefined;
    const length = path.length;
    const end = Math.min(length, this.#longestKey + 1);
    let verdict = this.#root;
    let hash = mix(HASH_SEED, SLASH);
    for (let index = 1; index < end; index++) {
      const code = path.charCodeAt(index);
      if (code === SLASH) {
        const node = this.#findNode(path, index, hash);
        if (node?.below !== undefined) verdict = node.below;
      }
      hash = mix(hash, code);
    }
    if (length > this.#longestKey) return verdict;
    return this.#findNode(path, length, hash)?.own ?? verdict;
  }

  /** Finds the node whose key is the first `length` characters of the path, which have this hash. */
  #findNode(path: string, length: number, hash: number): PathNode<T> | undefined {
    const mask = this.#hashes.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot];
      if (node === undefined) return undefined;
      if (this.#hashes[slot] === hash && node.keyLength === length && path.startsWith(node.key)) return node;
    }
  }
}

const HASH_SEED = 0x811c9dc5 | 0;

/** FNV-1a over UTF-16 units, with a shift because its low bits alone, which choose the slot, depend on low bits only. */
function mix(hash: number, code: number): number {
  const product = Math.imul(hash ^ code, 0x01000193);
  return product ^ (product >>> 15);
}

function hashOf(key: string): number {
  let hash = HASH_SEED;
  for (let index = 0; index < key.length; index++) hash = mix(hash, key.charCodeAt(index));
  return hash;
}

function compileNodes<T>(host: VirtualHost, compileRoute: CompileRoute<T>): readonly PathNode<T>[] {
  const rules: PathRules<T> = { exact: new Map(), prefix: new Map() };
  for (const route of host.routes) addRule(rules, route, compileRoute(route, host));
  const keys = new Set([...rules.exact.keys(), ...rules.exact.keys().map(withoutSlash), ...rules.prefix.keys().map(withoutSlash)]);
  return [...keys].map((key) => {
    const withSlash = `${key}/`;
    return {
      key,
      keyLength: key.length,
      lastCode: key === '' ? 0 : key.charCodeAt(key.length - 1),
      own: rules.exact.get(key) ?? rules.prefix.get(key) ?? redirectTo(rules, withSlash),
      below: rules.prefix.get(withSlash) ?? rules.prefix.get(key),
    };
  });
}

/** Paths are never empty, so that nothing is redirected to `/`. */
function redirectTo<T>({ exact, prefix }: PathRules<T>, path: string): PathVerdict<T> | undefined {
  const target = path === '/' ? undefined : (exact.get(path) ?? prefix.get(path));
  return target === undefined ? undefined : slashRedirect(target.route, target.target, path);
}

interface PathRules<T> {
  readonly exact: Map<string, CompiledRoute<T>>;
  readonly prefix: Map<string, CompiledRoute<T>>;
}

/** The first of two rules for the same path stays. */
function addRule<T>(rules: PathRules<T>, route: Route, target: T): void {
  const { match } = route;
  switch (match.kind) {
    case 'exact':
    case 'prefix': {
      const paths = rules[match.kind];
      if (!paths.has(match.path)) paths.set(match.path, compiledRoute(route, target));
      return;
    }
    // A pattern makes its host a regex host; on a literal one there is nothing that it could mean.
    case 'regex':
      return;
    default:
      assertNever(match);
  }
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
