// Reads the fields of a map of unknown content, one by one, into typed values. A value of the wrong type is written into the report
// and a harmless one is returned, so that one pass over an object finds all its problems. `null` counts as absent, as in Kubernetes.
import { itemPath, keyPath } from './field-path.ts';
import type { NameCheck } from './names.ts';

export interface Problem {
  /** Path in the object; empty for the object as a whole. */
  readonly field: string;
  /** What is wrong, without the name of the field: `must be an integer`. */
  readonly message: string;
}

/** What one pass over an object found. An object is good if there are no problems; unknown fields are only worth a warning. */
export interface Report {
  readonly problems: Problem[];
  readonly unknownFields: Problem[];
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

const noTexts: ReadonlyMap<string, string> = new Map();
const nothing: Readonly<Record<string, unknown>> = {};

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map in a field of an object; empty where there is none. */
export function mapIn(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = isMap(value) ? value[key] : undefined;
  return isMap(found) ? found : nothing;
}

export class Fields {
  readonly path: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #report: Report;

  constructor(values: Readonly<Record<string, unknown>>, path: string, report: Report) {
    this.path = path;
    this.#values = values;
    this.#report = report;
  }

  /** Reports a problem with a field; without a key, with the map itself. */
  problem(key: string | undefined, message: string): void {
    this.#report.problems.push({ field: key === undefined ? this.path : keyPath(this.path, key), message });
  }

  has(key: string): boolean {
    return this.value(key) !== undefined;
  }

  value(key: string): unknown {
    if (!Object.hasOwn(this.#values, key)) return undefined;
    return this.#values[key] ?? undefined;
  }

  keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  /** Reports every field that is not in the list as unknown. */
  allowOnly(known: ReadonlySet<string>): void {
    for (const key in this.#values) {
      if (known.has(key)) continue;
      const near = nearestName(key, known);
      const advice = near === undefined ? '' : `; did you mean ${near}?`;
      this.#report.unknownFields.push({ field: keyPath(this.path, key), message: `does not exist, so it has no effect${advice}` });
    }
  }

  /** Empty where absent. */
  text(key: string, check?: NameCheck): string {
    const value = this.value(key);
    if (value === undefined) return '';
    return this.#checkedText(key, value, check);
  }

  /** Absent or empty is a problem. */
  requiredText(key: string, check?: NameCheck): string {
    const value = this.value(key);
    if (value === undefined || value === '') {
      this.problem(key, 'is required');
      return '';
    }
    return this.#checkedText(key, value, check);
  }

  /** One of a closed set of words; absent: the fallback. */
  word<const W extends string>(key: string, words: readonly W[], fallback: W): W {
    const value = this.value(key);
    if (value === undefined) return fallback;
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    this.problem(key, `must be one of ${words.join(', ')}, not ${shown(value)}`);
    return fallback;
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.problem(key, `must be true or false, not ${shown(value)}`);
    return undefined;
  }

  integer(key: string, range: Range): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      this.problem(key, `must be an integer, not ${shown(value)}`);
      return undefined;
    }
    if (value < range.min || value > range.max) {
      this.problem(key, `must be between ${range.min} and ${range.max}, not ${value}`);
      return undefined;
    }
    return value;
  }

  fields(key: string): Fields | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (isMap(value)) return new Fields(value, keyPath(this.path, key), this.#report);
    this.problem(key, `must be a map, not ${shown(value)}`);
    return undefined;
  }

  requiredFields(key: string): Fields {
    if (!this.has(key)) this.problem(key, 'is required');
    return this.fields(key) ?? new Fields(nothing, keyPath(this.path, key), { problems: [], unknownFields: [] });
  }

  /** The maps in a list; absent: none. */
  items(key: string): readonly Fields[] {
    const items: Fields[] = [];
    const path = keyPath(this.path, key);
    this.#list(key).forEach((value, index) => {
      if (isMap(value)) items.push(new Fields(value, itemPath(path, index), this.#report));
      else this.#report.problems.push({ field: itemPath(path, index), message: `must be a map, not ${shown(value)}` });
    });
    return items;
  }

  /** The strings in a list; absent: none. */
  texts(key: string, check?: NameCheck): readonly string[] {
    const texts: string[] = [];
    this.#list(key).forEach((value, index) => {
      const message = typeof value === 'string' ? check?.(value) : wrongText(value);
      if (message !== undefined) this.#report.problems.push({ field: itemPath(keyPath(this.path, key), index), message });
      else if (typeof value === 'string') texts.push(value);
    });
    return texts;
  }

  /** A map of strings, with its keys checked; absent: an empty one. Values that are no strings are problems. */
  textMap(key: string, checkKey: NameCheck, checkValue?: NameCheck): ReadonlyMap<string, string> {
    const fields = this.fields(key);
    if (fields === undefined) return noTexts;
    const texts = new Map<string, string>();
    for (const name of fields.keys()) {
      const message = checkKey(name);
      if (message !== undefined) fields.problem(name, `has a key that ${message}`);
      texts.set(name, fields.text(name, checkValue));
    }
    return texts.size === 0 ? noTexts : texts;
  }

  #list(key: string): readonly unknown[] {
    const value = this.value(key);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.problem(key, `must be a list, not ${shown(value)}`);
    return [];
  }

  #checkedText(key: string, value: unknown, check: NameCheck | undefined): string {
    const message = typeof value === 'string' ? (value === '' ? undefined : check?.(value)) : wrongText(value);
    if (message !== undefined) this.problem(key, message);
    return typeof value === 'string' ? value : '';
  }
}

/** Names the type only: the value may be a secret. */
function wrongText(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return `must be a string, not a ${typeof value}; put it in quotes`;
  return `must be a string, not ${shown(value)}`;
}

/** A value as a message shows it: short, and never the content of a map. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** A known name that a typing mistake away is: same letters in another case, one letter more or less, or one exchanged. */
export function nearestName(name: string, known: ReadonlySet<string>): string | undefined {
  const lower = name.toLowerCase();
  for (const candidate of known) {
    if (isOneEditAway(lower, candidate.toLowerCase())) return candidate;
  }
  return undefined;
}

function isOneEditAway(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 1) return false;
  let start = 0;
  while (start < left.length && left[start] === right[start]) start++;
  let end = 0;
  while (end < Math.min(left.length, right.length) - start && left.at(-1 - end) === right.at(-1 - end)) end++;
  const leftRest = left.slice(start, left.length - end);
  const rightRest = right.slice(start, right.length - end);
  if (leftRest.length <= 1 && rightRest.length <= 1) return true;
  return leftRest.length === 2 && leftRest[0] === rightRest[1] && leftRest[1] === rightRest[0];
}
