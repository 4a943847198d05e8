// Cross-origin resource sharing. ingress-nginx allows every origin where the list of origins does not parse; Portico allows none then.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { AllowedOrigin, CorsPolicy } from '../../model/policies/cors.ts';
import { commaList, integerBetween, parseBool, textMatching } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

export type CorsDraft = { -readonly [K in keyof CorsPolicy]?: CorsPolicy[K] } & { isEnabled?: boolean };

const DEFAULT_METHODS = 'GET, PUT, POST, DELETE, PATCH, OPTIONS';
const DEFAULT_HEADERS = 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization';
const DEFAULT_MAX_AGE_SECONDS = 1_728_000;
const MAX_ORIGINS = 1000;
const MAX_LIST_CHARACTERS = 8192;

const SCHEME = '[A-Za-z][A-Za-z0-9+.-]*://';
const HOST = '[A-Za-z0-9.-]{1,253}';
const ORIGIN = new RegExp(`^(?:${SCHEME})(\\*\\.)?(?:${HOST}|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?$`);
/** What ingress-nginx lets pass and skips: an origin without a scheme, a star that is not the first label. */
const SKIPPED = /^[A-Za-z0-9+.:*/[\]-]+$/;

export const corsAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'enable-cors',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      corsOf(draft).isEnabled = value;
    },
    summary: 'Answers preflight requests and adds the CORS headers.',
  }),
  {
    ...supported({
      name: 'cors-allow-origin',
      scope: 'location',
      risk: 'Medium',
      parse: parseOrigins,
      set: (draft, value) => {
        corsOf(draft).origins = value;
      },
      summary: 'Origins that may read the answers; `*.` stands for one label.',
    }),
    status: { kind: 'supported', onInvalid: 'default', read: readOrigins },
    differs: 'where the list is not valid, no origin is allowed; ingress-nginx allows every origin then',
  },
  supported({
    name: 'cors-allow-methods',
    scope: 'location',
    risk: 'Medium',
    parse: textMatching(/^[A-Za-z, ]{1,1024}$/, 'a list of methods'),
    set: (draft, value) => {
      corsOf(draft).methods = value;
    },
    summary: 'Access-Control-Allow-Methods.',
  }),
  supported({
    name: 'cors-allow-headers',
    scope: 'location',
    risk: 'Medium',
    parse: textMatching(/^[A-Za-z0-9\-_, *]{1,8192}$/, 'a list of header names'),
    set: (draft, value) => {
      corsOf(draft).headers = value;
    },
    summary: 'Access-Control-Allow-Headers.',
  }),
  supported({
    name: 'cors-expose-headers',
    scope: 'location',
    risk: 'Medium',
    parse: textMatching(/^(?:\*|[A-Za-z0-9\-_, ]{1,8192})$/, 'a list of header names or *'),
    set: (draft, value) => {
      corsOf(draft).exposedHeaders = value;
    },
    summary: 'Access-Control-Expose-Headers.',
  }),
  supported({
    name: 'cors-allow-credentials',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      corsOf(draft).allowsCredentials = value;
    },
    summary: 'Access-Control-Allow-Credentials.',
  }),
  supported({
    name: 'cors-max-age',
    scope: 'location',
    risk: 'Low',
    parse: integerBetween(-1, 1_000_000_000),
    set: (draft, value) => {
      corsOf(draft).maxAgeSeconds = value;
    },
    summary: 'Access-Control-Max-Age in seconds.',
  }),
];

/** The policy of routes with these annotations; undefined where CORS is not enabled. */
export function corsPolicyOf({ cors }: Readonly<AnnotationDraft>): CorsPolicy | undefined {
  if (cors?.isEnabled !== true) return undefined;
  return {
    origins: cors.origins ?? 'any',
    methods: cors.methods ?? DEFAULT_METHODS,
    headers: cors.headers ?? DEFAULT_HEADERS,
    exposedHeaders: cors.exposedHeaders ?? '',
    allowsCredentials: cors.allowsCredentials ?? true,
    maxAgeSeconds: cors.maxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS,
  };
}

function corsOf(draft: AnnotationDraft): CorsDraft {
  draft.cors ??= {};
  return draft.cors;
}

function readOrigins(
  text: string,
  draft: AnnotationDraft,
): { readonly kind: 'invalid'; readonly message: string; readonly instead: string } | undefined {
  const origins = parseOrigins(text);
  corsOf(draft).origins = origins.ok ? origins.value : [];
  return origins.ok ? undefined : { kind: 'invalid', message: origins.error, instead: 'no origin is allowed' };
}

/** One `*` in the list makes it a list of all. Items without a scheme match no Origin and are left out, as in ingress-nginx. */
function parseOrigins(text: string): Result<CorsPolicy['origins']> {
  if (text.length > MAX_LIST_CHARACTERS) return fail(`is longer than ${MAX_LIST_CHARACTERS} characters`);
  const items = commaList(text);
  if (items.length > MAX_ORIGINS) return fail(`has more than ${MAX_ORIGINS} origins`);
  const origins: AllowedOrigin[] = [];
  for (const item of items) {
    const origin = item.toLowerCase();
    if (origin === 'null') origins.push({ kind: 'exact', origin });
    else if (ORIGIN.test(origin)) origins.push(allowedOrigin(origin));
    else if (!SKIPPED.test(item))
      return fail(`has the item ${JSON.stringify(item.slice(0, 80))}, which is no origin such as "https://shop.example"`);
  }
  return ok(items.includes('*') ? 'any' : origins);
}

function allowedOrigin(origin: string): AllowedOrigin {
  const star = origin.indexOf('*');
  return star < 0 ? { kind: 'exact', origin } : { kind: 'one-label', before: origin.slice(0, star), after: origin.slice(star + 1) };
}
