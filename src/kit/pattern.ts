// Regular expressions of tenants: compiled by RE2 only, whose time is linear in the length of the text, whatever the pattern. People write
// them for PCRE, so a look-ahead that stands at a fixed distance from the start, as in `/(?!admin)(.*)`, is taken apart into patterns that
// RE2 has; whatever else RE2 lacks is refused by name.
import { RE2JS } from 're2js';
import { takeLookAheads } from './look-ahead.ts';
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';
import { parseSimplePattern } from './simple-pattern.ts';
import type { SimplePattern } from './simple-pattern.ts';

/** Longer patterns are refused: compiled size grows with the text. */
export const MAX_PATTERN_LENGTH = 1024;

export interface Pattern {
  test(text: string): boolean;
  /** The first match and its groups, the whole match first; undefined for a group that took no part. Undefined: no match. */
  capture(text: string): readonly (string | undefined)[] | undefined;
}

/**
 * Compiles a path pattern as ingress-nginx's location `~* "^pattern"` means it: case-insensitive, anchored at the start and
 * not at the end. As there, only the first branch of an alternation at the top level (`/a|/b`) is anchored.
 * The error is in words for the one who wrote the pattern; it goes on a sentence that starts with "the pattern".
 */
export function compilePathPattern(pattern: string): Result<Pattern> {
  if (pattern.length > MAX_PATTERN_LENGTH) return fail(`is longer than ${MAX_PATTERN_LENGTH} characters`);
  const simple = parseSimplePattern(pattern);
  if (simple !== undefined) return ok(new HandMatchedPattern(simple, pattern));
  return compileAnchored(pattern, RE2JS.CASE_INSENSITIVE);
}

/** Compiles a pattern that may match anywhere in a text, without regard to case. Look-aheads need a `^` before them. */
export function compileSearchPattern(pattern: string): Result<Pattern> {
  return compileAnywhere(pattern, RE2JS.CASE_INSENSITIVE);
}

/** The same with regard to case. */
export function compileExactCasePattern(pattern: string): Result<Pattern> {
  return compileAnywhere(pattern, 0);
}

function compileAnywhere(pattern: string, flags: number): Result<Pattern> {
  if (pattern.length > MAX_PATTERN_LENGTH) return fail(`is longer than ${MAX_PATTERN_LENGTH} characters`);
  if (pattern.startsWith('^') && /\(\?[=!]/.test(pattern)) return compileAnchored(pattern.slice(1), flags);
  const expression = compile(pattern, flags);
  return expression.ok ? ok(new PlainPattern(expression.value)) : expression;
}

/** `pattern`: without the `^` at its start. */
function compileAnchored(pattern: string, flags: number): Result<Pattern> {
  const taken = takeLookAheads(pattern);
  if (!taken.ok) return taken;
  const expression = compile(`^${taken.value.pattern}`, flags);
  if (!expression.ok) return expression;
  const guards: Guard[] = [];
  for (const { pattern: guard, isNegative } of taken.value.lookAheads) {
    const compiled = compile(`^${guard}`, flags);
    if (!compiled.ok) return compiled;
    guards.push({ expression: new PlainPattern(compiled.value), isNegative });
  }
  return ok(guards.length === 0 ? new PlainPattern(expression.value) : new GuardedPattern(expression.value, guards));
}

/** `$` also stands before a line end that is the last character, as in PCRE: `\.php$` is meant to stop `/a.php%0A` too. */
class PlainPattern implements Pattern {
  readonly #expression: RE2JS;

  constructor(expression: RE2JS) {
    this.#expression = expression;
  }

  test(text: string): boolean {
    return this.#expression.test(text) || (text.endsWith('\n') && this.#expression.test(text.slice(0, -1)));
  }

  capture(text: string): readonly (string | undefined)[] | undefined {
    return this.#captureExactly(text) ?? (text.endsWith('\n') ? this.#captureExactly(text.slice(0, -1)) : undefined);
  }

  #captureExactly(text: string): readonly (string | undefined)[] | undefined {
    const matcher = this.#expression.matcher(text);
    if (!matcher.find()) return undefined;
    const groups: (string | undefined)[] = [];
    const count = matcher.groupCount();
    for (let group = 0; group <= count; group++) groups.push(matcher.group(group) ?? undefined);
    return groups;
  }
}

/** Compiled by RE2 only when a text comes that is not matched by hand. */
class HandMatchedPattern implements Pattern {
  readonly #simple: SimplePattern;
  readonly #text: string;
  #expression: PlainPattern | undefined;

  constructor(simple: SimplePattern, text: string) {
    this.#simple = simple;
    this.#text = text;
  }

  test(text: string): boolean {
    return this.#simple.takes(text) ? this.#simple.test(text) : this.#compiled().test(text);
  }

  capture(text: string): readonly (string | undefined)[] | undefined {
    return this.#simple.takes(text) ? this.#simple.capture(text) : this.#compiled().capture(text);
  }

  #compiled(): PlainPattern {
    this.#expression ??= new PlainPattern(RE2JS.compile(`^${this.#text}`, RE2JS.CASE_INSENSITIVE));
    return this.#expression;
  }
}

/** Looks at the same text from the start; says yes or no about all of it. */
interface Guard {
  readonly expression: PlainPattern;
  readonly isNegative: boolean;
}

class GuardedPattern implements Pattern {
  readonly #pattern: PlainPattern;
  readonly #guards: readonly Guard[];

  constructor(expression: RE2JS, guards: readonly Guard[]) {
    this.#pattern = new PlainPattern(expression);
    this.#guards = guards;
  }

  test(text: string): boolean {
    return this.#isLetPass(text) && this.#pattern.test(text);
  }

  capture(text: string): readonly (string | undefined)[] | undefined {
    return this.#isLetPass(text) ? this.#pattern.capture(text) : undefined;
  }

  #isLetPass(text: string): boolean {
    return this.#guards.every(({ expression, isNegative }) => expression.test(text) !== isNegative);
  }
}

function compile(pattern: string, flags: number): Result<RE2JS> {
  try {
    return ok(RE2JS.compile(pattern, flags));
  } catch (error) {
    return fail(nameConstruct(pattern) ?? `is no regular expression: ${messageOf(error)}`);
  }
}

/** What of PCRE the pattern uses that RE2 has not, by what stands in it outside classes. */
function nameConstruct(pattern: string): string | undefined {
  const plain = pattern.replace(ESCAPED_CHARACTERS, 'x').replace(CLASSES, 'x');
  const found = CONSTRUCTS.find(([sign]) => sign.test(plain));
  return found === undefined ? undefined : `uses ${found[1]}, which is not supported`;
}

/** Escapes that stand for one character or class, so none of those that name a construct. */
const ESCAPED_CHARACTERS = /\\[^1-9gkKRhHvVXG]/g;
const CLASSES = /\[\^?\]?[^\]]*\]/g;
const CONSTRUCTS: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\(\?<[=!]/, 'a look-behind'],
  [/\(\?[=!]/, 'a look-ahead that is not at a fixed distance from the start'],
  [/\(\?>/, 'an atomic group'],
  [/\(\?\|/, 'a branch reset group'],
  [/\(\?\(/, 'a conditional group'],
  [/\(\?#/, 'a comment'],
  [/\(\?(?:R|&|P>|\d)/, 'recursion'],
  [/\\[1-9gk]/, 'a back-reference'],
  [/\\[KRhHvVXG]/, 'an escape sequence of PCRE'],
  [/[*+?}]\+/, 'a possessive quantifier'],
];

/** Without the flags and the anchor that were put before the pattern. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace('error parsing regexp: ', '').replace('`(?i)^', '`').slice(0, 200);
}
