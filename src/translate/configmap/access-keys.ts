// Keys that decide who may come in: default address lists, clients that are blocked everywhere, and the authentication service of all
// routes. All of them protect every route, so that a value that cannot be used closes them.
import { compileExactCasePattern } from '../../kit/pattern.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { TextPattern } from '../../model/policies/access.ts';
import {
  parseAuthUrl,
  parseCacheKey,
  parseCacheRules,
  parseHeaderNames,
  parseMethod,
  parseRedirectParameter,
  parseUrlTemplate,
} from '../annotations/external-auth.ts';
import type { ExternalAuthDraft } from '../annotations/external-auth.ts';
import { commaList, integerBetween, oneOf, parseAddressList, parseBool } from '../value-parsers.ts';
import type { ValueParser } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { ConfigDraft, ConfigRow } from './row.ts';

const MAX_PATTERNS = 1000;

const addressKeys: readonly ConfigRow[] = [
  protective(
    'block-cidrs',
    parseAddressList,
    'Addresses and CIDRs that get 403, except on routes with address lists of their own.',
    (draft, value) => {
      draft.settings.blocked.cidrs = [...value];
    },
  ),
  protective(
    'block-user-agents',
    parsePatterns,
    'User agents that get 403: texts, or regular expressions behind `~` or `~*`.',
    (draft, value) => {
      draft.settings.blocked.userAgents = [...value];
    },
  ),
  protective(
    'block-referers',
    parsePatterns,
    'Referers that get 403: texts, or regular expressions behind `~` or `~*`.',
    (draft, value) => {
      draft.settings.blocked.referers = [...value];
    },
  ),
  protective('whitelist-source-range', parseAddressList, 'Default of annotation `allowlist-source-range`.', (draft, value) => {
    draft.routing.allowedAddresses = [...value];
  }),
  protective('denylist-source-range', parseAddressList, 'Default of annotation `denylist-source-range`.', (draft, value) => {
    draft.routing.deniedAddresses = [...value];
  }),
];

const globalAuthKeys: readonly ConfigRow[] = [
  globalAuth('global-auth-url', 'url', parseAuthUrl, 'Service that decides about the requests of all Ingresses without `auth-url`.'),
  globalAuth('global-auth-method', 'method', parseMethod, 'Method of the request to `global-auth-url`.'),
  globalAuth('global-auth-signin', 'signIn', parseUrlTemplate, 'Where a client that gets 401 is sent to sign in.'),
  globalAuth('global-auth-response-headers', 'responseHeaders', parseHeaderNames, 'Headers of its answer that backends get.'),
  globalAuth('global-auth-request-redirect', 'requestRedirect', parseUrlTemplate, 'X-Auth-Request-Redirect of the request to it.'),
  globalAuth('global-auth-cache-key', 'cacheKey', parseCacheKey, 'Key under which its answers are kept.'),
  supported({
    key: 'global-auth-signin-redirect-param',
    defaultText: 'rd',
    parse: parseRedirectParameter,
    set: (draft, value) => {
      draft.routing.globalAuth.signInRedirectParameter = value;
    },
    summary: 'Query parameter of `global-auth-signin` with the URL to come back to.',
  }),
  supported({
    key: 'global-auth-cache-duration',
    defaultText: '200 202 401 5m',
    onInvalid: 'refuse',
    parse: parseCacheRules,
    set: (draft, value) => {
      draft.routing.globalAuth.cacheRules = value.map(({ statuses, durationMs }) => ({ statuses: [...statuses], durationMs }));
    },
    summary: 'How long its answers are kept: statuses and a time.',
  }),
  supported({
    key: 'global-auth-always-set-cookie',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.globalAuth.alwaysSetCookie = value;
    },
    summary: 'Passes its cookies on with every status.',
  }),
];

const authServiceKeys: readonly ConfigRow[] = [
  supported({
    key: 'portico-auth-waiting',
    defaultText: '4096',
    parse: integerBetween(1, 1_000_000),
    set: (draft, value) => {
      draft.settings.authService.maxWaiting = value;
    },
    summary:
      'Requests of one worker that may wait for authentication services at the same time; for those beyond see `portico-auth-failure`.',
  }),
  supported({
    key: 'portico-auth-failure',
    defaultText: 'refuse',
    onInvalid: 'refuse',
    parse: oneOf<'refuse' | 'serve'>(['refuse', 'serve']),
    set: (draft, value) => {
      draft.settings.authService.onFailure = value;
    },
    summary:
      'What becomes of a request when its authentication service cannot be asked, gives no answer or answers 5xx. `refuse`: 500, or 503 when too ' +
      'many wait; `serve`: **it is served unauthenticated**, without the headers that only the service may set.',
  }),
];

export const accessKeys: readonly ConfigRow[] = [
  ...addressKeys,
  ...authServiceKeys,
  supported({
    key: 'no-auth-locations',
    defaultText: '/.well-known/acme-challenge',
    parse: (text) => ok(commaList(text)),
    set: (draft, value) => {
      draft.routing.noAuthLocations = [...value];
    },
    summary: 'Rule paths without passwords and authentication services, as prefixes.',
  }),
  ...globalAuthKeys,
];

function protective<T>(key: string, parse: ValueParser<T>, summary: string, set: (draft: ConfigDraft, value: T) => void): ConfigRow {
  return supported({ key, defaultText: '', onInvalid: 'refuse', parse, set, summary });
}

type GlobalAuthMember = 'url' | 'method' | 'signIn' | 'responseHeaders' | 'requestRedirect' | 'cacheKey';

function globalAuth<K extends GlobalAuthMember>(
  key: string,
  member: K,
  parse: ValueParser<NonNullable<ExternalAuthDraft[K]>>,
  summary: string,
): ConfigRow {
  const set = (draft: ConfigDraft, value: NonNullable<ExternalAuthDraft[K]>): void => {
    const { globalAuth: auth }: { globalAuth: ExternalAuthDraft } = draft.routing;
    auth[member] = value;
  };
  return supported({ key, defaultText: '', onInvalid: 'refuse', parse, set, summary });
}

/** nginx's `map`: a text is the whole field in any case, `~` begins a regular expression, `~*` one that is blind to case. */
function parsePatterns(text: string): Result<readonly TextPattern[]> {
  const items = commaList(text);
  if (items.length > MAX_PATTERNS) return fail(`has more than ${MAX_PATTERNS} items`);
  const patterns: TextPattern[] = [];
  for (const item of items) {
    if (!item.startsWith('~')) {
      patterns.push({ kind: 'text', text: item.toLowerCase() });
      continue;
    }
    const ignoresCase = item.startsWith('~*');
    const pattern = readPattern(item.slice(ignoresCase ? 2 : 1));
    if (!pattern.ok) return fail(`has the item ${JSON.stringify(item.slice(0, 80))}, which ${pattern.error}`);
    patterns.push({ kind: 'regex', pattern: pattern.value, ignoresCase });
  }
  return ok(patterns);
}

/** PCRE lets any punctuation be escaped; RE2 knows fewer escapes. */
function readPattern(text: string): Result<string> {
  const pattern = text.replaceAll(/\\([ /"'#%&,:;<=>@_`~!-])/g, '$1');
  const compiled = compileExactCasePattern(pattern);
  return compiled.ok ? ok(pattern) : compiled;
}
