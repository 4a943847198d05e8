// Session affinity by cookie.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { CookieAffinity } from '../../model/policies/cookie-affinity.ts';
import { integerBetween, oneOf, parseBool, textMatching } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationRow } from './row.ts';

/** A missing member was not set. */
export type AffinityDraft = { -readonly [K in keyof CookieAffinity]?: CookieAffinity[K] } & { isCookie?: boolean };

const DEFAULT_NAME = 'INGRESSCOOKIE';
/** A hundred years. */
const MAX_SECONDS = 3_155_760_000;
/** RFC 6265 section 4.1.1: a token; attribute values end at a semicolon. */
const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
const COOKIE_PATH = /^\/[!-:<-~]{0,1023}$/;
const COOKIE_DOMAIN = /^\.?[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/;

export const affinityAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'affinity',
    scope: 'backend',
    risk: 'Low',
    parse: oneOf<'cookie'>(['cookie']),
    set: (draft) => {
      (draft.affinity ??= {}).isCookie = true;
    },
    summary: '`cookie`: a client stays with its endpoint.',
  }),
  supported({
    name: 'affinity-mode',
    scope: 'backend',
    risk: 'Medium',
    parse: oneOf<CookieAffinity['mode']>(['balanced', 'persistent']),
    set: (draft, value) => {
      (draft.affinity ??= {}).mode = value;
    },
    summary: '`balanced`: a few clients move when endpoints come; `persistent`: a client only moves when its endpoint is gone.',
  }),
  supported({
    name: 'session-cookie-name',
    scope: 'backend',
    risk: 'Medium',
    parse: textMatching(COOKIE_NAME, 'a cookie name'),
    set: (draft, value) => {
      (draft.affinity ??= {}).cookieName = value;
    },
    summary: `Name of the cookie; ${DEFAULT_NAME} by default.`,
  }),
  supported({
    name: 'session-cookie-path',
    scope: 'backend',
    risk: 'Medium',
    parse: textMatching(COOKIE_PATH, 'a path that a cookie can have'),
    set: (draft, value) => {
      (draft.affinity ??= {}).path = value;
    },
    summary: 'Path of the cookie; the path of the rule by default.',
  }),
  supported({
    name: 'session-cookie-domain',
    scope: 'backend',
    risk: 'Medium',
    parse: textMatching(COOKIE_DOMAIN, 'a domain'),
    set: (draft, value) => {
      (draft.affinity ??= {}).domain = value;
    },
    summary: 'Domain of the cookie.',
  }),
  supported({
    name: 'session-cookie-expires',
    scope: 'backend',
    risk: 'Medium',
    parse: integerBetween(-MAX_SECONDS, MAX_SECONDS),
    set: (draft, value) => {
      (draft.affinity ??= {}).expiresSeconds = value;
    },
    summary: 'Expires of the cookie, in seconds from now.',
  }),
  supported({
    name: 'session-cookie-max-age',
    scope: 'backend',
    risk: 'Medium',
    parse: integerBetween(-MAX_SECONDS, MAX_SECONDS),
    set: (draft, value) => {
      (draft.affinity ??= {}).maxAgeSeconds = value;
    },
    summary: 'Max-Age of the cookie, in seconds.',
  }),
  supported({
    name: 'session-cookie-secure',
    scope: 'backend',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      (draft.affinity ??= {}).secure = value;
    },
    summary: 'Secure of the cookie, on plain connections too; on TLS connections it always is.',
  }),
  supported({
    name: 'session-cookie-samesite',
    scope: 'backend',
    risk: 'Low',
    parse: parseSameSite,
    set: (draft, value) => {
      (draft.affinity ??= {}).sameSite = value;
    },
    summary: 'SameSite of the cookie: `None`, `Lax` or `Strict`.',
  }),
  supported({
    name: 'session-cookie-conditional-samesite-none',
    scope: 'backend',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      (draft.affinity ??= {}).conditionalSameSiteNone = value;
    },
    summary: 'Leaves out SameSite=None for user agents that misread it.',
  }),
  supported({
    name: 'session-cookie-change-on-failure',
    scope: 'backend',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      (draft.affinity ??= {}).changeOnFailure = value;
    },
    summary: 'Picks another endpoint, with a new cookie, after a failed attempt; otherwise the same endpoint is tried again.',
  }),
];

/** Undefined: none. */
export function affinityOf(affinity: AffinityDraft | undefined): CookieAffinity | undefined {
  if (affinity?.isCookie !== true) return undefined;
  const { isCookie: _isCookie, ...draft } = affinity;
  const { cookieName = DEFAULT_NAME, mode = 'balanced', secure = false, conditionalSameSiteNone = false, changeOnFailure = false } = draft;
  return { ...draft, cookieName, mode, secure, conditionalSameSiteNone, changeOnFailure };
}

/** ingress-nginx accepts any case, and then leaves the attribute out where it is not this one. */
function parseSameSite(text: string): Result<'None' | 'Lax' | 'Strict'> {
  const values = ['None', 'Lax', 'Strict'] as const;
  const found = values.find((value) => value === text);
  if (found !== undefined) return ok(found);
  const meant = values.find((value) => value.toLowerCase() === text.toLowerCase());
  return fail(meant === undefined ? `is not one of ${values.join(', ')}` : `must be written ${meant}`);
}
