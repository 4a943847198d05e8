// Rewriting of cookies and redirects of the backend, and headers from a ConfigMap.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { Replacement } from '../../model/policies/response-rewrite.ts';
import type { RoutePolicies } from '../../model/route.ts';
import type { RoutingConfig } from '../configmap/row.ts';
import { parseObjectName } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

const COOKIE_TEXT = /^[A-Za-z0-9/:._~-]{1,1024}$/;
const REDIRECT_TEXT = /^[A-Za-z0-9/:._~?&=%+,@!'()*;[\]-]{1,2048}$/;
const LITERAL = 'only literal text is rewritten; nginx also takes regular expressions and variables';

export const responseRewriteAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'proxy-cookie-domain',
    scope: 'location',
    risk: 'Medium',
    parse: parseCookieRule,
    set: (draft, value) => {
      draft.cookieDomain = value;
    },
    summary: '`from to`: rewrites the Domain of cookies of the backend.',
    differs: LITERAL,
  }),
  supported({
    name: 'proxy-cookie-path',
    scope: 'location',
    risk: 'Medium',
    parse: parseCookieRule,
    set: (draft, value) => {
      draft.cookiePath = value;
    },
    summary: '`from to`: rewrites the beginning of the Path of cookies of the backend.',
    differs: LITERAL,
  }),
  supported({
    name: 'proxy-redirect-from',
    scope: 'location',
    risk: 'Medium',
    parse: parseRedirectText,
    set: (draft, value) => {
      draft.redirectFrom = value;
    },
    summary: 'Prefix of Location and Refresh of the backend to replace; `off` and `default`: none.',
    differs: LITERAL,
  }),
  supported({
    name: 'proxy-redirect-to',
    scope: 'location',
    risk: 'Medium',
    parse: parseRedirectText,
    set: (draft, value) => {
      draft.redirectTo = value;
    },
    summary: 'What replaces `proxy-redirect-from`.',
    differs: LITERAL,
  }),
  supported({
    name: 'custom-headers',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseObjectName,
    set: (draft, value) => {
      draft.customHeaders = value;
    },
    summary: 'ConfigMap `namespace/name` with response headers, each allowed by `global-allowed-response-headers`.',
  }),
];

/** `off`, or two texts without white space. */
export function parseCookieRule(text: string): Result<Replacement | 'off'> {
  if (text === 'off') return ok('off');
  const [from = '', to = '', ...rest] = text.split(/ +/);
  if (from.startsWith('~')) return fail('begins with a regular expression, which is not supported');
  if (rest.length > 0 || !COOKIE_TEXT.test(from) || !COOKIE_TEXT.test(to)) return fail('is neither "off" nor two words "from to"');
  return ok({ from, to });
}

export function parseRedirectText(text: string): Result<string> {
  if (text.startsWith('~')) return fail('is a regular expression, which is not supported');
  return REDIRECT_TEXT.test(text) ? ok(text) : fail('is no URL or prefix of one');
}

/** What annotations and ConfigMap make of cookies and redirects. */
export function responseRewritesOf(
  values: Readonly<AnnotationDraft>,
  config: RoutingConfig,
): Pick<RoutePolicies, 'cookieRewrite' | 'redirectRewrite'> {
  const domain = values.cookieDomain ?? config.cookieDomain;
  const path = values.cookiePath ?? config.cookiePath;
  const from = values.redirectFrom ?? config.redirectFrom;
  const to = values.redirectTo ?? config.redirectTo;
  // `default` replaces nginx's name of the upstream, which no backend ever sends.
  const isRedirectRewritten = from !== 'off' && from !== 'default' && to !== 'off';
  return {
    ...((domain !== 'off' || path !== 'off') && {
      cookieRewrite: { ...(domain !== 'off' && { domain }), ...(path !== 'off' && { path }) },
    }),
    ...(isRedirectRewritten && { redirectRewrite: { from, to } }),
  };
}
