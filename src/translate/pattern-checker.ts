// Tells whether paths can be used as regular expressions. Hosts are translated again and again with the same paths, so answers are kept.
import { LruMap } from '../kit/lru.ts';
import { compilePathPattern } from '../kit/pattern.ts';

const KEPT_ANSWERS = 20_000;
/** Certainly a pattern: nothing in it means anything but itself. */
const PLAIN = /^[A-Za-z0-9/_.~-]{0,1024}$/;

export class PatternChecker {
  /** null: can be used. */
  readonly #answers = new LruMap<string, string | null>(KEPT_ANSWERS);

  /** Why the pattern cannot be used, to go on a sentence that starts with "the pattern"; undefined: it can be. */
  problemOf(pattern: string): string | undefined {
    if (PLAIN.test(pattern)) return undefined;
    let answer = this.#answers.get(pattern);
    if (answer === undefined) {
      const compiled = compilePathPattern(pattern);
      answer = compiled.ok ? null : compiled.error;
      this.#answers.set(pattern, answer);
    }
    return answer ?? undefined;
  }
}
