// Parsers for the values of annotations and ConfigMap keys, in the syntax that ingress-nginx accepts (Go's ParseBool, nginx's sizes
// and times). Each answers with a value in the model's units or with the end of a sentence that starts with "the value".
import { parseCidrSet } from '../kit/cidr.ts';
import { fail, ok } from '../kit/result.ts';
import type { Result } from '../kit/result.ts';
import { parseTemplate } from '../model/template.ts';
import type { ObjectName } from './options.ts';

export type ValueParser<T> = (text: string) => Result<T>;

const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_WORDS: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Go's strconv.ParseBool: `yes` and `on` are no booleans. */
export function parseBool(text: string): Result<boolean> {
  if (TRUE_WORDS.has(text)) return ok(true);
  if (FALSE_WORDS.has(text)) return ok(false);
  return fail('is neither "true" nor "false"');
}

export function integerBetween(min: number, max: number): ValueParser<number> {
  return (text) => {
    if (!/^[+-]?\d{1,15}$/.test(text)) return fail('is not a whole number');
    const value = Number(text);
    return value < min || value > max ? fail(`is not between ${min} and ${max}`) : ok(value);
  };
}

/** Whole seconds, as ingress-nginx writes its timeouts; the value is in milliseconds. */
export function secondsBetween(min: number, max: number): ValueParser<number> {
  const parseInteger = integerBetween(min, max);
  return (text) => {
    const seconds = parseInteger(text);
    return seconds.ok ? ok(seconds.value * 1000) : fail(`${seconds.error} (seconds)`);
  };
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** nginx size: digits and one of k, m, g; the value is in bytes. A trailing `b` is no unit of nginx. */
export function sizeBetween(minBytes: number, maxBytes: number): ValueParser<number> {
  return (text) => {
    const match = /^(\d{1,15})([kmg]?)$/i.exec(text);
    if (match === null) return fail('is not a size such as "8k" or "1m"');
    const bytes = Number(match[1]) * (SIZE_UNITS[(match[2] ?? '').toLowerCase()] ?? 1);
    return bytes < minBytes || bytes > maxBytes ? fail(`is not between ${minBytes} and ${maxBytes} bytes`) : ok(bytes);
  };
}

const TIME_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** nginx time: `75s`, `1h`, `1h 30m`, or a bare number of seconds; the value is in milliseconds. */
export function timeBetweenMs(minMs: number, maxMs: number): ValueParser<number> {
  return (text) => {
    if (!/^\d{1,12}(ms|[smhdw])?(\s*\d{1,12}(ms|[smhdw]))*$/.test(text)) return fail('is not a time such as "75s" or "1h"');
    let sum = 0;
    for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[smhdw]?)/g)) sum += Number(digits) * (TIME_UNITS_MS[unit ?? ''] ?? 1000);
    return sum < minMs || sum > maxMs ? fail(`is not between ${minMs} and ${maxMs} ms`) : ok(sum);
  };
}

export function oneOf<const T extends string>(values: readonly T[]): ValueParser<T> {
  return (text) => {
    const found = values.find((value) => value === text);
    return found === undefined ? fail(`is not one of ${values.join(', ')}`) : ok(found);
  };
}

/** The whole text must match; `what` completes "is not …". */
export function textMatching(pattern: RegExp, what: string): ValueParser<string> {
  return (text) => (pattern.test(text) ? ok(text) : fail(`is not ${what}`));
}

/** Text with nginx variables, all of them known. */
export function parseKnownTemplate(text: string): Result<string> {
  const template = parseTemplate(text);
  if (!template.ok) return template;
  const [unknown] = template.value.unknownNames;
  return unknown === undefined ? ok(text) : fail(`has the unknown variable $${unknown}`);
}

/** `namespace/name` of a Kubernetes object. */
export function parseObjectName(text: string): Result<ObjectName> {
  const match = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/.exec(text);
  const [, namespace, name] = match ?? [];
  return namespace === undefined || name === undefined ? fail('is not of the form namespace/name') : ok({ namespace, name });
}

/** Comma list, trimmed, without empty items. */
export function commaList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Most entries of an address list. */
const MAX_ADDRESSES = 10_000;

/** The same for annotations, of which ingress-nginx reads each item: an empty one is no address. */
export function parseAddressItems(text: string): Result<readonly string[]> {
  return text.split(',').some((item) => item.trim() === '') ? fail('has an empty item, which is no address') : parseAddressList(text);
}

/** Comma list of addresses and CIDRs, at least one. */
export function parseAddressList(text: string): Result<readonly string[]> {
  const items = commaList(text);
  if (items.length === 0) return fail('has no address');
  if (items.length > MAX_ADDRESSES) return fail(`has more than ${MAX_ADDRESSES} addresses`);
  const set = parseCidrSet(items);
  if (set.ok) return ok(items);
  const what = set.error.reason === 'bad-prefix-length' ? 'has a bad prefix length' : 'is no address and no CIDR';
  return fail(`has the item ${JSON.stringify(set.error.text.slice(0, 80))}, which ${what}`);
}

/** Comma list of which every item must match. */
export function listMatching(pattern: RegExp, what: string): ValueParser<readonly string[]> {
  return (text) => {
    const items = commaList(text);
    const bad = items.find((item) => !pattern.test(item));
    return bad === undefined ? ok(items) : fail(`has the item ${JSON.stringify(bad.slice(0, 80))}, which is not ${what}`);
  };
}
