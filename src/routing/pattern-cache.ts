// Compiles the regular expressions of tenants, on demand, and keeps those used lately. Only RE2 runs here: its time is linear in
// the length of the path, whatever the pattern. A pattern that cannot be compiled matches nothing; translation reports it.
import { RE2JS } from 're2js';
import { LruMap } from '../kit/lru.ts';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';

/** Longer patterns are refused: compiled size grows with the text. */
export const MAX_PATTERN_LENGTH = 1024;

/** About 15 KB for each pattern that has matched. */
const DEFAULT_CAPACITY = 2000;

export interface PatternCache {
  /** Whether the pattern, case-insensitive and anchored at the start, takes this path. */
  matches(pattern: string, path: string): boolean;
}

/**
 * Compiles a path pattern as ingress-nginx's location `~* "^pattern"` means it: case-insensitive, anchored at the start and
 * not at the end. As there, only the first branch of an alternation at the top level (`/a|/b`) is anchored.
 * The error is RE2's message, in words for the one who wrote the pattern.
 */
export function compilePattern(pattern: string): Result<RE2JS> {
  if (pattern.length > MAX_PATTERN_LENGTH) return fail(`the pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  try {
    return ok(RE2JS.compile(`^${pattern}`, RE2JS.CASE_INSENSITIVE));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

export function createPatternCache(capacity = DEFAULT_CAPACITY): PatternCache {
  // null: does not compile. Kept, so that a bad pattern costs nothing per request.
  const compiled = new LruMap<string, RE2JS | null>(capacity);
  return {
    matches(pattern, path) {
      let expression = compiled.get(pattern);
      if (expression === undefined) {
        const result = compilePattern(pattern);
        expression = result.ok ? result.value : null;
        compiled.set(pattern, expression);
      }
      return expression !== null && expression.test(path);
    },
  };
}
