// Value matchers of the case format. Each function gives back what is wrong, or undefined.
import type { Matcher } from './case-format.ts';

/** Checks one value; undefined stands for a value that is not there. */
export function mismatch(matcher: Matcher, value: unknown): string | undefined {
  if (typeof matcher !== 'object' || matcher === null) {
    return sameScalar(matcher, value) ? undefined : `expected ${show(matcher)}, saw ${show(value)}`;
  }
  const problems: string[] = [];
  const isThere = value !== undefined && value !== null && value !== '';
  const text = value === undefined || value === null ? '' : String(value);
  if (matcher.present === true && !isThere) problems.push('expected a value');
  if (matcher.absent === true && isThere) problems.push('expected none');
  if (matcher.regex !== undefined && (value === undefined || !new RegExp(matcher.regex).test(text)))
    problems.push(`expected /${matcher.regex}/`);
  if (matcher.contains !== undefined && !text.includes(matcher.contains)) problems.push(`expected to contain ${show(matcher.contains)}`);
  if (matcher.notContains !== undefined && text.includes(matcher.notContains))
    problems.push(`expected not to contain ${show(matcher.notContains)}`);
  if (matcher.oneOf !== undefined && !matcher.oneOf.some((one) => sameScalar(one, value)))
    problems.push(`expected one of ${show(matcher.oneOf)}`);
  return problems.length === 0 ? undefined : `${problems.join(', ')}, saw ${show(value)}`;
}

/** Checks the values of a header: one of them must fit, `count` fixes how many there are. */
export function fieldMismatch(matcher: Matcher, values: readonly string[]): string | undefined {
  if (typeof matcher === 'object' && matcher !== null) {
    if (matcher.absent === true) return values.length === 0 ? undefined : `expected none, saw ${show(values)}`;
    if (matcher.count !== undefined && values.length !== matcher.count) return `expected ${matcher.count} lines, saw ${show(values)}`;
    if (matcher.count === 0) return undefined;
  }
  if (values.some((value) => mismatch(matcher, value) === undefined)) return undefined;
  return mismatch(matcher, values.length === 1 ? values[0] : values.length === 0 ? undefined : values);
}

/** Checks that a number lies in a range, both ends included. */
export function rangeMismatch(
  range: { readonly min?: number | undefined; readonly max?: number | undefined },
  value: number,
): string | undefined {
  if (range.min !== undefined && value < range.min) return `expected at least ${range.min}, saw ${value}`;
  if (range.max !== undefined && value > range.max) return `expected at most ${range.max}, saw ${value}`;
  return undefined;
}

function sameScalar(expected: string | number | boolean | null, value: unknown): boolean {
  if (expected === null) return value === null || value === undefined;
  return value !== undefined && value !== null && String(expected) === String(value);
}

/** A value as a report shows it, cut to a line. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 240 ? `${text.slice(0, 240)}...` : text;
}
