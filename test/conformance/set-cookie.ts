// Set-Cookie lines: parsed (RFC 6265 section 5.2), matched against expectations, and kept in jars.
import type { SetCookieExpectation } from './case-format.ts';
import { mismatch, show } from './matcher.ts';

export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Lower-case attribute names; an attribute without a value is empty. */
  readonly attributes: ReadonlyMap<string, string>;
}

const EXPIRES_TOLERANCE_SECONDS = 60;

export function parseSetCookie(line: string): SetCookie {
  const [pair = '', ...rest] = line.split(';');
  const [name, value] = splitAtEquals(pair);
  return { name, value, attributes: new Map(rest.map(splitAtEquals).map(([key, text]) => [key.toLowerCase(), text])) };
}

function splitAtEquals(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text.trim(), ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

/** What is wrong if no line fits the expectation; `nowMs` is the time that `expiresIn` counts from. */
export function setCookieMismatch(expected: SetCookieExpectation, lines: readonly string[], nowMs: number): string | undefined {
  const problems = lines.map((line) => cookieMismatch(expected, parseSetCookie(line), nowMs));
  if (problems.includes(undefined)) return undefined;
  return `no Set-Cookie like ${show(expected)}, saw ${show(lines)}${problems.length === 1 ? ` (${problems[0]})` : ''}`;
}

function cookieMismatch(expected: SetCookieExpectation, cookie: SetCookie, nowMs: number): string | undefined {
  const attribute = (name: string): string | null => cookie.attributes.get(name) ?? null;
  const pairs = [
    ['name', expected.name, cookie.name],
    ['value', expected.value, cookie.value],
    ['path', expected.path, attribute('path')],
    ['domain', expected.domain, attribute('domain')],
    ['maxAge', expected.maxAge, attribute('max-age')],
    ['sameSite', expected.sameSite, attribute('samesite')],
    ['secure', expected.secure, cookie.attributes.has('secure')],
    ['httpOnly', expected.httpOnly, cookie.attributes.has('httponly')],
  ] as const;
  for (const [name, matcher, value] of pairs) {
    const wrong = matcher === undefined ? undefined : mismatch(matcher, value);
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  return expiresMismatch(expected.expiresIn, attribute('expires'), nowMs);
}

function expiresMismatch(expected: number | null | undefined, expires: string | null, nowMs: number): string | undefined {
  if (expected === undefined) return undefined;
  if (expected === null) return expires === null ? undefined : `expires: expected none, saw ${expires}`;
  const seconds = expires === null ? Number.NaN : (Date.parse(expires) - nowMs) / 1000;
  if (Math.abs(seconds - expected) <= EXPIRES_TOLERANCE_SECONDS) return undefined;
  return `expires: expected ${expected} s from now, saw ${expires ?? 'none'}`;
}

/** Cookies by name, without path, domain, secure or expiry checks. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  store(lines: readonly string[]): void {
    for (const line of lines) {
      const cookie = parseSetCookie(line);
      this.#cookies.set(cookie.name, cookie.value);
    }
  }

  entries(): readonly (readonly [string, string])[] {
    return [...this.#cookies];
  }
}
