// Tells whether paths can be used as regular expressions, and whether all those of an Ingress can be compiled without keeping everybody else
// waiting. Hosts are translated again and again with the same paths, so answers are kept.
import { LruMap } from '../kit/lru.ts';
import { compilePathPattern } from '../kit/pattern.ts';
import { patternSize } from '../kit/pattern-size.ts';
import { parseSimplePattern } from '../kit/simple-pattern.ts';
import type { Ingress } from '../resources/objects.ts';

const KEPT_ANSWERS = 20_000;
/** Certainly a pattern: nothing in it means anything but itself. */
const PLAIN = /^[A-Za-z0-9/_.~-]{0,1024}$/;
/**
 * Of all patterns of an Ingress, as `patternSize` counts: 2000 of the usual ones. Every worker compiles them, at about 10 µs for each, and
 * an object of an API server has room for a thousand times as much.
 */
const MAX_SIZE_OF_INGRESS = 100_000;

export class PatternChecker {
  /** null: can be used. */
  readonly #answers = new LruMap<string, string | null>(KEPT_ANSWERS);
  readonly #excess = new WeakMap<Ingress, ReadonlySet<string>>();

  /** Why the pattern of the Ingress cannot be used, to go on a sentence that starts with "the pattern"; undefined: it can be. */
  problemOf(pattern: string, ingress: Ingress): string | undefined {
    if (PLAIN.test(pattern)) return undefined;
    if (this.#excessOf(ingress).has(pattern)) return 'is one too many: those before it in the Ingress take what one may take to compile';
    let answer = this.#answers.get(pattern);
    if (answer === undefined) {
      const compiled = compilePathPattern(pattern);
      answer = compiled.ok ? null : compiled.error;
      this.#answers.set(pattern, answer);
    }
    return answer ?? undefined;
  }

  /** The patterns for which there is no room any more, in the order of the rules. */
  #excessOf(ingress: Ingress): ReadonlySet<string> {
    const known = this.#excess.get(ingress);
    if (known !== undefined) return known;
    const seen = new Set<string>();
    const excess = new Set<string>();
    let size = 0;
    for (const { paths = [] } of ingress.spec.rules) {
      for (const { path } of paths) {
        if (PLAIN.test(path) || seen.has(path) || parseSimplePattern(path) !== undefined) continue;
        seen.add(path);
        size += patternSize(path);
        if (size > MAX_SIZE_OF_INGRESS) excess.add(path);
      }
    }
    this.#excess.set(ingress, excess);
    return excess;
  }
}
