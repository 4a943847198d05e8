// Annotations that answer with a redirect instead of the backend.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { Redirect } from '../../model/policies/redirect.ts';
import { integerBetween, parseBool } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

/** What these annotations write. */
export interface RedirectDraft {
  permanent?: string;
  permanentCode?: number;
  /** null: not an HTTP URL, so there is no redirect at all, as in ingress-nginx. */
  temporal?: string | null;
  temporalCode?: number;
}

const LOCATION = /^[-._~A-Za-z0-9/:,?&=]{1,4096}$/;
const HTTP_URL = /^https?:\/\/[A-Za-z0-9]/i;
const parseCode = integerBetween(-1_000_000, 1_000_000);

export const redirectAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'permanent-redirect',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'drop',
    parse: parsePermanent,
    set: (draft, value) => {
      draft.redirects.permanent = value;
    },
    summary: 'Answers 301 with this Location and nothing appended; one that begins with `/` is made absolute unless `relative-redirects`.',
  }),
  codeRow({
    name: 'permanent-redirect-code',
    max: 308,
    fallback: 301,
    set: (draft, value) => {
      draft.redirects.permanentCode = value;
    },
    summary: 'Status of `permanent-redirect`, 300 to 308.',
  }),
  {
    ...supported({
      name: 'temporal-redirect',
      scope: 'location',
      risk: 'Medium',
      parse: parseLocation,
      set: (draft, value) => {
        draft.redirects.temporal = value;
      },
      summary: 'Answers 302 with this Location, an HTTP URL; wins over `permanent-redirect`.',
    }),
    status: { kind: 'supported', onInvalid: 'drop', read: readTemporal },
  },
  codeRow({
    name: 'temporal-redirect-code',
    max: 307,
    fallback: 302,
    set: (draft, value) => {
      draft.redirects.temporalCode = value;
    },
    summary: 'Status of `temporal-redirect`, 300 to 307.',
  }),
  supported({
    name: 'from-to-www-redirect',
    scope: 'host',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseBool,
    set: (draft, value) => {
      draft.wwwRedirect = value;
    },
    summary: 'Redirects the host with (or without) `www.` to the one that the rule names.',
  }),
];

/** Where requests for routes with these annotations are redirected to; undefined: nowhere. */
export function redirectOf({ redirects }: Readonly<AnnotationDraft>): Redirect | undefined {
  const { permanent, permanentCode, temporal, temporalCode } = redirects;
  if (temporal === null) return undefined;
  if (temporal !== undefined) return { statusCode: temporalCode ?? 302, to: { kind: 'url', url: temporal } };
  if (permanent === undefined) return undefined;
  const to = permanent.startsWith('/') ? ({ kind: 'path', path: permanent } as const) : ({ kind: 'url', url: permanent } as const);
  return { statusCode: permanentCode ?? 301, to };
}

interface CodeRow {
  readonly name: string;
  readonly max: number;
  readonly fallback: number;
  readonly set: (draft: AnnotationDraft, value: number) => void;
  readonly summary: string;
}

/** A number out of bounds is replaced; what is no number drops the Ingress. */
function codeRow({ name, max, fallback, set, summary }: CodeRow): AnnotationRow {
  const read = (text: string, draft: AnnotationDraft): ReadProblem | undefined => {
    const code = parseCode(text);
    if (!code.ok) return { kind: 'invalid', message: code.error };
    const isValid = code.value >= 300 && code.value <= max;
    set(draft, isValid ? code.value : fallback);
    return isValid ? undefined : { kind: 'ignored', message: `is not between 300 and ${max}; ${fallback} is used` };
  };
  return {
    ...supported({ name, scope: 'location', risk: 'Low', parse: parseCode, set, summary }),
    status: { kind: 'supported', onInvalid: 'drop', read },
  };
}

function parseLocation(text: string): Result<string> {
  return LOCATION.test(text) ? ok(text) : fail('is not a URL of letters, digits and - . _ ~ / : , ? & =');
}

function parsePermanent(text: string): Result<string> {
  if (!text.startsWith('/') && !HTTP_URL.test(text)) return fail('is neither an HTTP URL nor a path');
  return parseLocation(text);
}

function readTemporal(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  const location = parseLocation(text);
  if (!location.ok) return { kind: 'invalid', message: location.error };
  const isHttp = HTTP_URL.test(text);
  draft.redirects.temporal = isHttp ? text : null;
  return isHttp ? undefined : { kind: 'ignored', message: 'is not an HTTP URL; nothing is redirected' };
}
