// Authentication of users: basic and digest, and by an external service. All of it protects, so that a value that cannot be used closes
// the routes or drops the Ingress, where ingress-nginx would leave some of them open (reference 8).
import { oneOf, parseBool, textMatching } from '../value-parsers.ts';
import { parseRelativeName } from './access-draft.ts';
import {
  hasUrlCharacters,
  parseAuthUrl,
  parseCacheKey,
  parseCacheRules,
  parseHeaderNames,
  parseMethod,
  parseRedirectParameter,
  parseUrlTemplate,
} from './external-auth.ts';
import { noEffect, supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

const ALWAYS_CLOSED = 'a value that is not valid closes the routes (503); ingress-nginx switches the authentication off';
const ALWAYS_POOLED = 'connections to the authentication service are always kept and used again';

const passwordAnnotations: readonly AnnotationRow[] = [
  {
    name: 'auth-type',
    aliases: [],
    scope: 'location',
    risk: 'Low',
    status: { kind: 'supported', onInvalid: 'drop', read: readAuthType },
    summary: '`basic` or `digest` authentication with the users of `auth-secret`.',
  },
  supported({
    name: 'auth-secret',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseRelativeName,
    set: (draft, value) => {
      draft.access.authSecret = value;
    },
    summary: 'Secret with the users, `name` or `namespace/name`; while it is missing the routes answer 503.',
  }),
  supported({
    name: 'auth-secret-type',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: oneOf<'auth-file' | 'auth-map'>(['auth-file', 'auth-map']),
    set: (draft, value) => {
      draft.access.authSecretType = value;
    },
    summary: '`auth-file`: key `auth` holds an htpasswd file (htdigest for `digest`); `auth-map`: every key is a user, its value a hash.',
    differs: 'hashes of the old DES crypt, and bcrypt of a cost above 14, match no password',
  }),
  supported({
    name: 'auth-realm',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'drop',
    parse: textMatching(/^[-._~A-Za-z0-9/: ]{1,256}$/, 'a text of letters, digits, blanks and -._~/:'),
    set: (draft, value) => {
      draft.access.realm = value;
    },
    summary: 'Realm of the challenge.',
  }),
  supported({
    name: 'satisfy',
    scope: 'location',
    risk: 'Low',
    parse: oneOf<'all' | 'any'>(['all', 'any']),
    set: (draft, value) => {
      draft.access.satisfy = value;
    },
    summary: '`all`: addresses, password and authentication service must all agree; `any`: one of them is enough.',
  }),
];

const externalAnnotations: readonly AnnotationRow[] = [
  {
    name: 'auth-url',
    aliases: [],
    scope: 'location',
    risk: 'High',
    status: { kind: 'supported', onInvalid: 'drop', read: readAuthUrl },
    summary: 'Service that decides about each request: 2xx lets it pass, 401 and 403 refuse it, anything else is 500.',
    differs:
      'of variables only `$host` and its kin may stand for the host of the URL, on hosts with an exact name; elsewhere the routes answer 503',
  },
  supported({
    name: 'auth-method',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'refuse',
    parse: parseMethod,
    set: (draft, value) => {
      draft.access.external.method = value;
    },
    summary: 'Method of the request to `auth-url`; it then has X-Original-URI and X-Scheme too.',
  }),
  supported({
    name: 'auth-signin',
    scope: 'location',
    risk: 'High',
    parse: parseUrlTemplate,
    set: (draft, value) => {
      draft.access.external.signIn = value;
    },
    summary: 'Where a client that gets 401 is sent to sign in (302).',
  }),
  supported({
    name: 'auth-signin-redirect-param',
    scope: 'location',
    risk: 'Medium',
    parse: parseRedirectParameter,
    set: (draft, value) => {
      draft.access.external.signInRedirectParameter = value;
    },
    summary: 'Query parameter of `auth-signin` with the URL to come back to.',
  }),
  supported({
    name: 'auth-response-headers',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseHeaderNames,
    set: (draft, value) => {
      draft.access.external.responseHeaders = value;
    },
    summary: 'Headers of the answer of `auth-url` that the backend gets instead of those of the client.',
  }),
  supported({
    name: 'auth-proxy-set-headers',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseRelativeName,
    set: (draft, value) => {
      draft.access.external.requestHeaders = value;
    },
    summary: 'ConfigMap `namespace/name` with headers for the request to `auth-url`.',
  }),
  supported({
    name: 'auth-request-redirect',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseUrlTemplate,
    set: (draft, value) => {
      draft.access.external.requestRedirect = value;
    },
    summary: 'X-Auth-Request-Redirect of the request to `auth-url` instead of the request target.',
    differs: ALWAYS_CLOSED,
  }),
  supported({
    name: 'auth-cache-key',
    scope: 'location',
    risk: 'Medium',
    parse: parseCacheKey,
    set: (draft, value) => {
      draft.access.external.cacheKey = value;
    },
    summary: 'Key under which answers of `auth-url` are kept, for each host and path; without it none is kept.',
  }),
  supported({
    name: 'auth-cache-duration',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseCacheRules,
    set: (draft, value) => {
      draft.access.external.cacheRules = value;
    },
    summary: 'How long answers of `auth-url` are kept: statuses and a time.',
    differs: ALWAYS_CLOSED,
  }),
  supported({
    name: 'auth-always-set-cookie',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'refuse',
    parse: parseBool,
    set: (draft, value) => {
      draft.access.external.alwaysSetCookie = value;
    },
    summary: 'Passes cookies of `auth-url` on with every status.',
    differs: ALWAYS_CLOSED,
  }),
  supported({
    name: 'enable-global-auth',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.access.usesGlobalAuth = value;
    },
    summary: "Whether the ConfigMap's `global-auth-url` applies where there is no `auth-url`.",
  }),
  noEffect({
    name: 'auth-keepalive',
    scope: 'location',
    risk: 'Low',
    reason: ALWAYS_POOLED,
    summary: 'Connections kept to `auth-url`.',
  }),
  noEffect({
    name: 'auth-keepalive-share-vars',
    scope: 'location',
    risk: 'Low',
    reason: 'the request to the authentication service shares all variables',
    summary: 'Shares variables with the request to `auth-url` in nginx.',
  }),
  noEffect({
    name: 'auth-keepalive-requests',
    scope: 'location',
    risk: 'Low',
    reason: `${ALWAYS_POOLED}, by the ConfigMap's upstream-keepalive-requests`,
    summary: 'Requests for each connection to `auth-url`.',
  }),
  noEffect({
    name: 'auth-keepalive-timeout',
    scope: 'location',
    risk: 'Low',
    reason: `${ALWAYS_POOLED}, by the ConfigMap's upstream-keepalive-timeout`,
    summary: 'Idle time of connections to `auth-url`.',
  }),
];

export const authAnnotations: readonly AnnotationRow[] = [...passwordAnnotations, ...externalAnnotations];

/** ingress-nginx takes any text that contains one of the words, and makes nothing good of most. */
function readAuthType(text: string, { access }: AnnotationDraft): ReadProblem | undefined {
  if (text === 'basic' || text === 'digest') {
    access.authType = text;
    return undefined;
  }
  if (/basic|digest/.test(text)) return { kind: 'refused', message: 'is neither basic nor digest' };
  return { kind: 'invalid', message: 'is neither basic nor digest' };
}

/** A wrong character drops the Ingress, anything else closes its routes. */
function readAuthUrl(text: string, { access }: AnnotationDraft): ReadProblem | undefined {
  const url = parseAuthUrl(text);
  if (url.ok) {
    access.external.url = url.value;
    return undefined;
  }
  return hasUrlCharacters(text) ? { kind: 'refused', message: url.error } : { kind: 'invalid', message: url.error };
}
