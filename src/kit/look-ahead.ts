// Takes look-aheads out of a pattern where that keeps its meaning exactly: what comes before one has a fixed number of characters, so that
// there is one place only where it looks, and it stands in no alternative and in nothing that repeats. Then "the pattern matches" is the same
// as "the pattern without it matches, and so does (or, for `(?!`, does not) what comes before it followed by what it looks for".
import { fail, ok } from './result.ts';
import type { Result } from './result.ts';

export interface LookAhead {
  /** To be anchored at the start: what comes before, without its groups, and what is looked for. */
  readonly pattern: string;
  readonly isNegative: boolean;
}

export interface TakenLookAheads {
  readonly pattern: string;
  readonly lookAheads: readonly LookAhead[];
}

/** Bound on look-aheads of one pattern, each of which costs a match. */
const MAX_LOOK_AHEADS = 8;

/** Leaves all that it cannot take where it is; the compiler refuses it. The error goes on a sentence that starts with "the pattern". */
export function takeLookAheads(pattern: string): Result<TakenLookAheads> {
  if (!/\(\?[=!]/.test(pattern)) return ok({ pattern, lookAheads: [] });
  const lookAheads: LookAhead[] = [];
  let rest = pattern;
  for (;;) {
    const found = findFirst(rest);
    if (found === undefined) return ok({ pattern: rest, lookAheads });
    if (lookAheads.length === MAX_LOOK_AHEADS) return fail(`has more than ${MAX_LOOK_AHEADS} look-aheads`);
    const groups = capturingGroups(found.body);
    if (groups > 0 && !found.isNegative) return fail('has a group inside a look-ahead, which is not supported');
    lookAheads.push({ pattern: `${found.before}(?:${found.body})`, isNegative: found.isNegative });
    // The numbers of the groups behind it must stay.
    rest = rest.slice(0, found.start) + '()'.repeat(groups) + rest.slice(found.end);
  }
}

interface Found {
  /** Place of its opening parenthesis, and place behind its closing one. */
  readonly start: number;
  readonly end: number;
  readonly body: string;
  readonly isNegative: boolean;
  /** What comes before it, without the parentheses of groups. */
  readonly before: string;
}

/** The first look-ahead, if all that comes before it has a fixed number of characters. */
function findFirst(pattern: string): Found | undefined {
  if (hasAlternatives(pattern)) return undefined;
  let before = '';
  let index = 0;
  while (index < pattern.length) {
    const opening = /^\((?:\?([=!]|:)|(?!\?))/.exec(pattern.slice(index, index + 3));
    if (opening !== null) {
      const close = closingOf(pattern, index);
      if (close === -1 || isQuantifier(pattern[close + 1])) return undefined;
      const body = pattern.slice(index + opening[0].length, close);
      const sign = opening[1];
      if (sign === '=' || sign === '!') return { start: index, end: close + 1, body, isNegative: sign === '!', before };
      if (hasAlternatives(body)) return undefined;
      index += opening[0].length;
      continue;
    }
    if (pattern[index] === ')') {
      index++;
      continue;
    }
    const item = ONE_CHARACTER.exec(pattern.slice(index))?.[0];
    if (item === undefined || isQuantifier(pattern[index + item.length])) return undefined;
    before += item;
    index += item.length;
  }
  return undefined;
}

/** What matches exactly one character: a plain one, a dot, an escaped one, a simple class. */
const ONE_CHARACTER = /^(?:[^\\[\](){}*+?|^$]|\\[!-/:-@[-`{-~dDwWsS]|\[\^?\]?(?:[^\]\\[]|\\.)*\])/u;

function isQuantifier(character: string | undefined): boolean {
  return character !== undefined && '*+?{'.includes(character);
}

/** Whether a `|` stands in it that is not in a group, a class or an escape. */
function hasAlternatives(pattern: string): boolean {
  let depth = 0;
  for (const character of withoutClasses(pattern)) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '|' && depth === 0) return true;
  }
  return false;
}

/** Place of the parenthesis that closes the one at `start`, or -1. */
function closingOf(pattern: string, start: number): number {
  const plain = withoutClasses(pattern);
  let depth = 0;
  for (let index = start; index < plain.length; index++) {
    if (plain[index] === '(') depth++;
    else if (plain[index] === ')' && --depth === 0) return index;
  }
  return -1;
}

function capturingGroups(pattern: string): number {
  return withoutClasses(pattern).match(/\((?:(?!\?)|\?P?<(?![=!]))/g)?.length ?? 0;
}

/** The same length, with `-` for every character of an escape or a class. */
function withoutClasses(pattern: string): string {
  return pattern.replace(/\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]/gs, (text) => '-'.repeat(text.length));
}
