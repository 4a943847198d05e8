// Compiles the regular expressions of tenants, on demand, and keeps as many as there is room for. Which one makes room for another is left to
// chance: a request may run through all patterns of a host in order, and were they more than fit, the one used longest ago would always be
// the one that is needed next, so that each request compiled all of them.
import { literalPrefix } from '../kit/literal-prefix.ts';
import { compilePathPattern } from '../kit/pattern.ts';
import type { Pattern } from '../kit/pattern.ts';

/** About 28 KB for each pattern that has run; to compile one takes 0.3 ms. */
const DEFAULT_CAPACITY = 4000;

export interface PatternCache {
  /**
   * Whether the pattern, case-insensitive and anchored at the start, takes this path. One that does not compile takes every path with its
   * literal beginning: its route refuses, and what it would have guarded is not left to others.
   */
  matches(pattern: string, path: string): boolean;
  /** The groups of the match, the whole match first; undefined without a match, or where the pattern does not compile. */
  capture(pattern: string, path: string): readonly (string | undefined)[] | undefined;
}

/** `compile`: for tests. */
export function createPatternCache(capacity = DEFAULT_CAPACITY, compile = compileCached): PatternCache {
  const compiled = new Map<string, CachedPattern>();
  const texts: string[] = [];
  let chance = 1;
  const keep = (text: string): CachedPattern => {
    const pattern = compile(text);
    compiled.set(text, pattern);
    if (texts.length < capacity) {
      texts.push(text);
      return pattern;
    }
    // The generator of Lehmer: even enough, and the same in each run.
    chance = (chance * 48_271) % 2_147_483_647;
    const place = chance % capacity;
    compiled.delete(texts[place] ?? '');
    texts[place] = text;
    return pattern;
  };
  const find = (text: string): CachedPattern => compiled.get(text) ?? keep(text);
  return {
    matches(text, path) {
      const { pattern, beginning } = find(text);
      return pattern === undefined ? beginning?.test(path) === true : pattern.test(path);
    },
    capture: (text, path) => find(text).pattern?.capture(path),
  };
}

interface CachedPattern {
  readonly pattern: Pattern | undefined;
  /** In place of a pattern that does not compile. */
  readonly beginning: Pattern | undefined;
}

export function compileCached(text: string): CachedPattern {
  const pattern = compilePathPattern(text);
  if (pattern.ok) return { pattern: pattern.value, beginning: undefined };
  const beginning = compilePathPattern(literalPrefix(text).replace(/[^A-Za-z0-9/]/g, '\\$&'));
  return { pattern: undefined, beginning: beginning.ok ? beginning.value : undefined };
}
