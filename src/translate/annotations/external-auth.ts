// What annotations `auth-*` and ConfigMap keys `global-auth-*` say about an authentication service, and how their values are read.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { AuthCacheRule } from '../../model/policies/access.ts';
import { parseTemplate } from '../../model/template.ts';
import { commaList, textMatching } from '../value-parsers.ts';
import type { ValueParser } from '../value-parsers.ts';
import type { RelativeName } from './access-draft.ts';

export interface AuthHeader {
  readonly name: string;
  /** Template; empty: the header is left out. */
  readonly value: string;
}

/** A missing member was not set. Without a URL the others mean nothing. */
export interface ExternalAuthDraft {
  url?: AuthUrl;
  method?: string;
  /** Template. */
  signIn?: string;
  signInRedirectParameter?: string;
  responseHeaders?: readonly string[];
  /** ConfigMap with headers for the request to the service. */
  requestHeaders?: RelativeName;
  /** nginx directives (`auth-snippet`), not looked at yet; and what they mean. */
  snippet?: string;
  snippetHeaders?: readonly AuthHeader[];
  /** Template. */
  requestRedirect?: string;
  /** Template. */
  cacheKey?: string;
  cacheRules?: readonly AuthCacheRule[];
  alwaysSetCookie?: boolean;
}

export interface AuthUrl {
  readonly scheme: 'http' | 'https';
  /** May be a variable that stands for the host of the request. */
  readonly host: string;
  readonly port: number;
  /** Path and query. Template. */
  readonly target: string;
}

/** ingress-nginx: `200 202 401 5m`. */
export const DEFAULT_CACHE_RULES: readonly AuthCacheRule[] = [{ statuses: [200, 202, 401], durationMs: 300_000 }];
export const DEFAULT_REDIRECT_PARAMETER = 'rd';

/** ingress-nginx's set of characters for URLs with variables; no `%`. */
const URL_CHARACTERS = /^[-._~A-Za-z0-9/:,?&=$]{1,2048}$/;
/** Variables that stand for the host that the client asked for. */
const HOST_VARIABLES: ReadonlySet<string> = new Set(['$host', '$http_host', '$best_http_host', '$server_name']);
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** What nginx's `proxy_cache_valid` means without statuses. */
const STATUSES_WITHOUT_LIST = [200, 301, 302];
const MAX_LIST = 100;

/** Whether the text has no character that ingress-nginx refuses: then the whole Ingress would be dropped. */
export function hasUrlCharacters(text: string): boolean {
  return URL_CHARACTERS.test(text);
}

/** `http` or `https`, a host or a variable for one, a port, and what is asked for. */
export function parseAuthUrl(text: string): Result<AuthUrl> {
  if (!hasUrlCharacters(text)) return fail('has a character that no URL of this annotation may have, or is too long');
  const match = /^(https?):\/\/([^/?:]+)(?::(\d{1,5}))?(\/[^?]*)?(\?.*)?$/i.exec(text);
  if (match === null) return fail('is not a URL such as "http://auth.example/check"');
  const [, schemeText = '', host = '', portText, path = '/', query = ''] = match;
  const scheme = schemeText.toLowerCase() === 'https' ? 'https' : 'http';
  if (host.startsWith('$')) {
    if (!HOST_VARIABLES.has(host)) return fail(`has the host ${host}; of variables only $host may stand there`);
  } else if (!/^[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?$/i.test(host) || host.includes('..')) {
    return fail('has a host that is no name and no address');
  }
  const port = portText === undefined ? (scheme === 'https' ? 443 : 80) : Number(portText);
  if (port < 1 || port > 65535) return fail('has a port that is not between 1 and 65535');
  const target = parseKnownTemplate(path + query);
  return target.ok ? ok({ scheme, host: host.toLowerCase(), port, target: target.value }) : target;
}

/** Text with variables that all have a value: one that does not would be nothing, which protects nothing. */
export function parseKnownTemplate(text: string): Result<string> {
  const template = parseTemplate(text);
  if (!template.ok) return template;
  const [unknown] = template.value.unknownNames;
  if (unknown !== undefined) return fail(`has the unknown variable $${unknown}`);
  if (template.value.parts.some((part) => part.kind === 'capture')) return fail('has $1 or the like, but there is no regular expression');
  return ok(text);
}

/** A URL that a client is sent to. */
export function parseUrlTemplate(text: string): Result<string> {
  if (!hasUrlCharacters(text)) return fail('has a character that no URL of this annotation may have, or is too long');
  return parseKnownTemplate(text);
}

export function parseMethod(text: string): Result<string> {
  return METHODS.has(text) ? ok(text) : fail(`is not one of ${[...METHODS].join(', ')}`);
}

export const parseRedirectParameter: ValueParser<string> = textMatching(/^[A-Za-z0-9_.-]{1,64}$/, 'a name of a query parameter');

export function parseHeaderNames(text: string): Result<readonly string[]> {
  const names = commaList(text);
  const bad = names.find((name) => !/^[A-Za-z0-9_-]{1,128}$/.test(name));
  if (bad !== undefined) return fail(`has the item ${JSON.stringify(bad.slice(0, 40))}, which is no header name`);
  return names.length > MAX_LIST ? fail(`has more than ${MAX_LIST} names`) : ok(names);
}

/** ingress-nginx: `NGINXVariable`. */
export function parseCacheKey(text: string): Result<string> {
  if (!/^[A-Za-z0-9\-_${}:]{1,1024}$/.test(text)) return fail('has a character other than letters, digits, "-", "_", ":" and variables');
  return parseKnownTemplate(text);
}

const CACHE_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};
const MAX_CACHE_MS = 31_536_000_000;

/** ingress-nginx: `ParseStringToCacheDurations`; comma list of statuses and a time: `200 202 10m, 401 5m`. */
export function parseCacheRules(text: string): Result<readonly AuthCacheRule[]> {
  const rules: AuthCacheRule[] = [];
  const items = commaList(text);
  if (items.length > MAX_LIST) return fail(`has more than ${MAX_LIST} items`);
  for (const item of items) {
    const match = /^((?:\d{3} +)*)(\d{1,9})(ms|[smhdwMy])$/.exec(item);
    if (match === null) return fail(`has the item ${JSON.stringify(item.slice(0, 40))}, which is not of the form "200 401 5m"`);
    const [, statusText = '', digits = '', unit = ''] = match;
    const statuses = statusText.split(' ').filter((word) => word !== '');
    const durationMs = Math.min(Number(digits) * (CACHE_UNITS_MS[unit] ?? 0), MAX_CACHE_MS);
    rules.push({ statuses: statuses.length === 0 ? STATUSES_WITHOUT_LIST : statuses.map(Number), durationMs });
  }
  return ok(rules.length === 0 ? DEFAULT_CACHE_RULES : rules);
}
