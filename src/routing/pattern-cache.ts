// Compiles the regular expressions of tenants, on demand, and keeps those used lately.
import { literalPrefix } from '../kit/literal-prefix.ts';
import { LruMap } from '../kit/lru.ts';
import { compilePathPattern } from '../kit/pattern.ts';
import type { Pattern } from '../kit/pattern.ts';

/** About 15 KB for each pattern that has matched. */
const DEFAULT_CAPACITY = 1000;

export interface PatternCache {
  /**
   * Whether the pattern, case-insensitive and anchored at the start, takes this path. One that does not compile takes every path with its
   * literal beginning: its route refuses, and what it would have guarded is not left to others.
   */
  matches(pattern: string, path: string): boolean;
  /** The groups of the match, the whole match first; undefined without a match, or where the pattern does not compile. */
  capture(pattern: string, path: string): readonly (string | undefined)[] | undefined;
}

export function createPatternCache(capacity = DEFAULT_CAPACITY): PatternCache {
  const compiled = new LruMap<string, CachedPattern>(capacity);
  const find = (text: string): CachedPattern => {
    let pattern = compiled.get(text);
    if (pattern === undefined) compiled.set(text, (pattern = compile(text)));
    return pattern;
  };
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

function compile(text: string): CachedPattern {
  const pattern = compilePathPattern(text);
  if (pattern.ok) return { pattern: pattern.value, beginning: undefined };
  const beginning = compilePathPattern(literalPrefix(text).replace(/[^A-Za-z0-9/]/g, '\\$&'));
  return { pattern: undefined, beginning: beginning.ok ? beginning.value : undefined };
}
