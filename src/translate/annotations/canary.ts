// Canary annotations: they make an Ingress an addition to another one.
import { compileExactCasePattern } from '../../kit/pattern.ts';
import type { Canary, CanaryHeader } from '../../model/policies/canary.ts';
import { integerBetween, oneOf, parseBool, textMatching } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

/** A missing member was not set. */
export interface CanaryDraft {
  isCanary?: boolean;
  header?: string;
  headerValue?: string;
  headerPattern?: { readonly text: string; readonly isBroken: boolean };
  cookie?: string;
  weight?: number;
  weightTotal?: number;
  isLegacy?: boolean;
}

/** What an Ingress says about its canary; the host adds the upstreams. */
export type CanaryRules = Omit<Canary, 'upstream' | 'secureUpstream'>;

const MAX_WEIGHT = 1_000_000_000;
/** ingress-nginx never divides by less. */
const MIN_WEIGHT_TOTAL = 100;
const HEADER_NAME = /^[A-Za-z0-9-]{1,128}$/;
const COOKIE_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
/** Printable, as it would stand in a header. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?$/;

export const canaryAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'canary',
    scope: 'ingress',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      (draft.canary ??= {}).isCanary = value;
    },
    summary: 'The Ingress only offers an alternative backend to the Ingress with the same host, path and path type.',
    differs:
      'The canary takes requests of the paths that it names. In ingress-nginx it takes those of every path with the same main Service, ' +
      'and of several canaries of one Service only the oldest counts.',
  }),
  supported({
    name: 'canary-by-header',
    scope: 'backend',
    risk: 'Medium',
    parse: textMatching(HEADER_NAME, 'a header name'),
    set: (draft, value) => {
      (draft.canary ??= {}).header = value.toLowerCase();
    },
    summary: 'Header whose value `always` or `never` decides.',
  }),
  supported({
    name: 'canary-by-header-value',
    scope: 'backend',
    risk: 'Medium',
    parse: textMatching(HEADER_VALUE, 'a header value'),
    set: (draft, value) => {
      (draft.canary ??= {}).headerValue = value;
    },
    summary: 'Value of `canary-by-header` that goes to the canary; `always` and `never` then mean nothing.',
  }),
  {
    name: 'canary-by-header-pattern',
    aliases: [],
    scope: 'backend',
    risk: 'Medium',
    status: { kind: 'supported', onInvalid: 'default', read: readPattern },
    summary: 'Regular expression (RE2, case-sensitive) for the value of `canary-by-header`; ignored if `canary-by-header-value` is set.',
    differs: 'an expression that only PCRE takes counts as a broken one: requests with the header stay with the main backend',
  },
  supported({
    name: 'canary-by-cookie',
    scope: 'backend',
    risk: 'Medium',
    parse: textMatching(COOKIE_NAME, 'a cookie name'),
    set: (draft, value) => {
      (draft.canary ??= {}).cookie = value;
    },
    summary: 'Cookie whose value `always` or `never` decides.',
  }),
  supported({
    name: 'canary-weight',
    scope: 'backend',
    risk: 'Low',
    parse: integerBetween(0, MAX_WEIGHT),
    set: (draft, value) => {
      (draft.canary ??= {}).weight = value;
    },
    summary: 'Share of the requests that go to the canary where nothing else decides.',
  }),
  supported({
    name: 'canary-weight-total',
    scope: 'backend',
    risk: 'Low',
    parse: integerBetween(1, MAX_WEIGHT),
    set: (draft, value) => {
      (draft.canary ??= {}).weightTotal = value;
    },
    summary: 'What `canary-weight` is a share of; less than 100 counts as 100.',
  }),
  supported({
    name: 'affinity-canary-behavior',
    scope: 'backend',
    risk: 'Low',
    parse: oneOf<'sticky' | 'legacy'>(['sticky', 'legacy']),
    set: (draft, value) => {
      (draft.canary ??= {}).isLegacy = value === 'legacy';
    },
    summary: '`sticky`: a client stays with the backend, main or canary, that gave it its affinity cookie; `legacy`: it does not.',
  }),
];

/** Undefined: the Ingress is no canary. */
export function canaryRulesOf({ canary }: Readonly<AnnotationDraft>): CanaryRules | undefined {
  if (canary?.isCanary !== true) return undefined;
  const header = headerOf(canary);
  return {
    ...(header !== undefined && { header }),
    ...(canary.cookie !== undefined && { cookie: canary.cookie }),
    weight: canary.weight ?? 0,
    weightTotal: Math.max(MIN_WEIGHT_TOTAL, canary.weightTotal ?? MIN_WEIGHT_TOTAL),
    isSticky: canary.isLegacy !== true,
  };
}

function headerOf({ header: name, headerValue, headerPattern }: CanaryDraft): CanaryHeader | undefined {
  if (name === undefined) return undefined;
  if (headerValue !== undefined) return { name, rule: { kind: 'value', value: headerValue } };
  if (headerPattern === undefined) return { name, rule: { kind: 'switch' } };
  return { name, rule: headerPattern.isBroken ? { kind: 'broken-pattern' } : { kind: 'pattern', pattern: headerPattern.text } };
}

/** A pattern that is none keeps its header from deciding for the canary, as in ingress-nginx. */
function readPattern(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  const pattern = compileExactCasePattern(text);
  (draft.canary ??= {}).headerPattern = { text: pattern.ok ? text : '', isBroken: !pattern.ok };
  if (pattern.ok) return undefined;
  return { kind: 'invalid', message: pattern.error, instead: 'requests with the header stay with the main backend' };
}
