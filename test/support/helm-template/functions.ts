// The functions that the chart's templates may call, with the meaning of Go's text/template, of Sprig and of Helm. A function that is
// not here is an error at rendering, so that the chart stays within what is tested.
import { stringify } from 'yaml';

/** What templates compute with: the values of YAML. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

export type TemplateFunction = (args: readonly Value[]) => Value;

/** Go's truth: false, 0, the empty string, nothing, and empty lists and maps are not. Sprig's `empty` is the same. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ValueMap {
  return typeof value === 'object' && value !== null && !isList(value);
}

/** As Go's fmt prints a value with %v; only scalars, since nothing else belongs into YAML that way. */
export function printValue(value: Value): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') throw new Error('a list or a map cannot be written as text: toYaml is missing');
  return String(value);
}

export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  default: ([fallback, value]) => (isTrue(value) ? value : fallback),
  empty: ([value]) => !isTrue(value),
  coalesce: (values) => values.find(isTrue),
  ternary: ([whenTrue, whenFalse, test]) => (isTrue(test) ? whenTrue : whenFalse),
  not: ([value]) => !isTrue(value),
  eq: ([first, ...others]) => others.some((other) => isSame(first, other)),
  ne: ([first, other]) => !isSame(first, other),
  lt: ([a, b]) => number(a) < number(b),
  gt: ([a, b]) => number(a) > number(b),
  add: (values) => values.map(number).reduce((sum, value) => sum + value, 0),
  mul: (values) => values.map(number).reduce((product, value) => product * value, 1),
  /** Sprig's, for the base ten: 0 for what is no integer. */
  atoi: ([value]) => (/^[+-]?\d+$/.test(text(value)) ? Number(text(value)) : 0),
  int: ([value]) => Math.trunc(Number.parseFloat(printValue(value)) || 0),
  quote: (values) =>
    values
      .filter((value) => value !== undefined && value !== null)
      .map((value) => JSON.stringify(printValue(value)))
      .join(' '),
  printf: ([format, ...values]) => printFormat(text(format), values),
  contains: ([part, whole]) => text(whole).includes(text(part)),
  hasPrefix: ([prefix, whole]) => text(whole).startsWith(text(prefix)),
  hasSuffix: ([suffix, whole]) => text(whole).endsWith(text(suffix)),
  trimSuffix: ([suffix, whole]) =>
    text(suffix) !== '' && text(whole).endsWith(text(suffix)) ? text(whole).slice(0, -text(suffix).length) : whole,
  trunc: ([length, whole]) => text(whole).slice(0, number(length)),
  replace: ([from, to, whole]) => text(whole).replaceAll(text(from), text(to)),
  lower: ([value]) => text(value).toLowerCase(),
  indent: ([width, value]) => indent(number(width), text(value)),
  nindent: ([width, value]) => `\n${indent(number(width), text(value))}`,
  join: ([separator, values]) => list(values).map(printValue).join(text(separator)),
  list: (values) => values,
  dict: (values) => Object.fromEntries(pairs(values)),
  /** Go's, of a map. */
  index: ([map, key]) => {
    if (!isMap(map)) throw new Error('index: a map is wanted');
    return map[text(key)];
  },
  hasKey: ([map, key]) => isMap(map) && Object.hasOwn(map, text(key)),
  omit: ([map, ...keys]) => Object.fromEntries(Object.entries(isMap(map) ? map : {}).filter(([key]) => !keys.includes(key))),
  /** Sprig's merge of maps: what stands first wins. */
  merge: (maps) => maps.toReversed().reduce<Value>(mergeMaps, {}),
  toYaml: ([value]) => toYaml(value),
  fail: ([message]) => {
    throw new Error(text(message));
  },
};

/** `and` and `or` stop at the value that decides, so they get their arguments unevaluated. */
export const lazyFunctions: Readonly<Record<string, (args: readonly (() => Value)[]) => Value>> = {
  and: (args) => firstWhere(args, (value) => !isTrue(value)),
  or: (args) => firstWhere(args, isTrue),
};

export function toYaml(value: Value): string {
  return stringify(value ?? null, {
    sortMapEntries: true,
    lineWidth: 0,
    indentSeq: false,
    version: '1.1',
    aliasDuplicateObjects: false,
  }).replace(/\n$/, '');
}

function firstWhere(args: readonly (() => Value)[], test: (value: Value) => boolean): Value {
  let value: Value;
  for (const arg of args) {
    value = arg();
    if (test(value)) return value;
  }
  return value;
}

function mergeMaps(low: Value, high: Value): Value {
  if (!isMap(low) || !isMap(high)) return high;
  const merged: Record<string, Value> = { ...low };
  for (const [key, value] of Object.entries(high)) merged[key] = key in merged ? mergeMaps(merged[key], value) : value;
  return merged;
}

/** Go compares only values of one basic type. */
function isSame(a: Value, b: Value): boolean {
  if (typeof a === 'object' || typeof b === 'object' || a === undefined || b === undefined) {
    if ((a ?? null) === null || (b ?? null) === null) return (a ?? null) === (b ?? null);
    throw new Error('eq compares only basic types');
  }
  if (typeof a !== typeof b) throw new Error(`eq cannot compare ${typeof a} with ${typeof b}`);
  return a === b;
}

function printFormat(format: string, values: readonly Value[]): string {
  let used = 0;
  const printed = format.replaceAll(/%(.)/g, (_, verb: string) => {
    if (verb === '%') return '%';
    if (used >= values.length) throw new Error(`printf ${JSON.stringify(format)}: a value is missing`);
    const value = values[used++];
    if (verb === 's') return text(value);
    if (verb === 'v') return value === undefined || value === null ? '<nil>' : printValue(value);
    if (verb === 'q') return JSON.stringify(text(value));
    throw new Error(`printf: %${verb} is not supported`);
  });
  if (used < values.length) throw new Error(`printf ${JSON.stringify(format)}: a value is left over`);
  return printed;
}

function indent(width: number, value: string): string {
  const space = ' '.repeat(width);
  return space + value.replaceAll('\n', `\n${space}`);
}

function pairs(values: readonly Value[]): readonly (readonly [string, Value])[] {
  const result: [string, Value][] = [];
  for (let i = 0; i < values.length; i += 2) result.push([text(values[i]), values[i + 1]]);
  return result;
}

function text(value: Value): string {
  if (typeof value !== 'string') throw new Error(`a string is wanted, not ${JSON.stringify(value)}`);
  return value;
}

function number(value: Value): number {
  if (typeof value !== 'number') throw new Error(`a number is wanted, not ${JSON.stringify(value)}`);
  return value;
}

function list(value: Value): readonly Value[] {
  if (!isList(value)) throw new Error(`a list is wanted, not ${JSON.stringify(value)}`);
  return value;
}
