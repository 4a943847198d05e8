// Limits on the rate of requests, on connections and on bandwidth.
import { parseCidrSet } from '../../kit/cidr.ts';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { Bandwidth, RateLimit, RateLimits } from '../../model/policies/rate-limits.ts';
import type { ProxyParameters, RoutePolicies } from '../../model/route.ts';
import type { ObjectMeta } from '../../resources/objects.ts';
import type { RoutingConfig } from '../configmap/row.ts';
import { commaList, integerBetween } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow } from './row.ts';

/** What the annotations say; a missing member was not set. */
export interface RateLimitDraft {
  requestsPerSecond?: number;
  requestsPerMinute?: number;
  burstMultiplier?: number;
  connections?: number;
  exempt?: readonly string[];
  /** KiB a second, KiB. */
  rate?: number;
  rateAfter?: number;
}

const KIB = 1024;
const DEFAULT_BURST_MULTIPLIER = 5;
const MAX_LIMIT = 1_000_000;
const MAX_EXEMPT_CHARACTERS = 1 << 20;
/** As ingress-nginx, a number that is not positive means no limit. */
const parseLimit = integerBetween(-MAX_LIMIT, MAX_LIMIT);
export const parseKibibytes = integerBetween(0, 1 << 30);

export const rateLimitAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'limit-rps',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseLimit,
    set: (draft, value) => {
      limitsOf(draft).requestsPerSecond = value;
    },
    summary: 'Requests a second for each client address, counted over all workers of the pod.',
  }),
  supported({
    name: 'limit-rpm',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseLimit,
    set: (draft, value) => {
      limitsOf(draft).requestsPerMinute = value;
    },
    summary: 'Requests a minute for each client address, counted over all workers of the pod.',
  }),
  supported({
    name: 'limit-burst-multiplier',
    scope: 'location',
    risk: 'Low',
    parse: integerBetween(1, 100_000),
    set: (draft, value) => {
      limitsOf(draft).burstMultiplier = value;
    },
    summary: 'How many times the rate may come at once; 5.',
  }),
  supported({
    name: 'limit-connections',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseLimit,
    set: (draft, value) => {
      limitsOf(draft).connections = value;
    },
    summary: 'Requests under way at the same time for each client address.',
  }),
  supported({
    name: 'limit-rate',
    scope: 'location',
    risk: 'Low',
    parse: parseKibibytes,
    set: (draft, value) => {
      limitsOf(draft).rate = value;
    },
    summary: 'Bandwidth of a response in KiB/s.',
    differs: 'works with and without `proxy-buffering`',
  }),
  supported({
    name: 'limit-rate-after',
    scope: 'location',
    risk: 'Low',
    parse: parseKibibytes,
    set: (draft, value) => {
      limitsOf(draft).rateAfter = value;
    },
    summary: 'KiB that are sent before `limit-rate` applies.',
  }),
  supported({
    name: 'limit-allowlist',
    aliases: ['limit-whitelist'],
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseExempt,
    set: (draft, value) => {
      limitsOf(draft).exempt = value;
    },
    summary: 'Addresses and CIDRs without limits on requests and connections.',
  }),
];

function limitsOf(draft: AnnotationDraft): RateLimitDraft {
  draft.limits ??= {};
  return draft.limits;
}

function parseExempt(text: string): Result<readonly string[]> {
  if (text.length > MAX_EXEMPT_CHARACTERS) return fail(`is longer than ${MAX_EXEMPT_CHARACTERS} characters`);
  const cidrs = commaList(text);
  const set = parseCidrSet(cidrs);
  return set.ok ? ok(cidrs) : fail(`has the item ${JSON.stringify(set.error.text.slice(0, 80))}, which is no address or CIDR`);
}

/** `metadata`: of the Ingress, whose counters these are. */
export function limitsOfAnnotations(
  { limits = {} }: Readonly<AnnotationDraft>,
  { namespace, name, uid }: Pick<ObjectMeta, 'namespace' | 'name' | 'uid'>,
): Pick<RoutePolicies, 'rateLimits'> {
  const rateLimits = rateLimitsOf(limits, `${namespace}/${name}${uid === '' ? '' : `/${uid}`}`);
  return rateLimits === undefined ? {} : { rateLimits };
}

/** What one route says about bandwidth, with the defaults for what it leaves out; empty where it says nothing. */
export function bandwidthOfAnnotations({ limits = {} }: Readonly<AnnotationDraft>, config: RoutingConfig): Partial<ProxyParameters> {
  return limits.rate === undefined && limits.rateAfter === undefined ? {} : { bandwidth: bandwidthOf(limits, config) };
}

function rateLimitsOf(limits: RateLimitDraft, zone: string): RateLimits | undefined {
  const { requestsPerSecond = 0, requestsPerMinute = 0, burstMultiplier = DEFAULT_BURST_MULTIPLIER, connections = 0, exempt = [] } = limits;
  const rates: RateLimit[] = [];
  if (requestsPerSecond > 0) rates.push({ requests: requestsPerSecond, perMs: 1000, burst: requestsPerSecond * burstMultiplier });
  if (requestsPerMinute > 0) rates.push({ requests: requestsPerMinute, perMs: 60_000, burst: requestsPerMinute * burstMultiplier });
  if (rates.length === 0 && connections <= 0) return undefined;
  return { zone, rates, ...(connections > 0 && { connections }), exempt };
}

/** Of every route that says nothing: `limits` is empty. Null: no limit. */
export function bandwidthOf(limits: RateLimitDraft, config: Pick<RoutingConfig, 'limitRate' | 'limitRateAfter'>): Bandwidth | null {
  const rate = limits.rate ?? config.limitRate;
  return rate === 0 ? null : { bytesPerSecond: rate * KIB, afterBytes: (limits.rateAfter ?? config.limitRateAfter) * KIB };
}
