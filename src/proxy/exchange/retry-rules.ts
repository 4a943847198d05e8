// Which failures make another endpoint be tried: nginx's `proxy_next_upstream` and its companions, compiled from a route's parameters.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { ProxyParameters } from '../../model/route.ts';

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export interface RetryRules {
  /** Tries in all; at least 1. Infinity: as many as there are endpoints. */
  readonly maxTries: number;
  readonly onError: boolean;
  readonly onTimeout: boolean;
  readonly onInvalidHead: boolean;
  readonly nonIdempotent: boolean;
  /** Statuses of a response that make another endpoint be tried; undefined: none. */
  readonly statuses: ReadonlySet<number> | undefined;
}

export function compileRetryRules({ nextUpstream, nextUpstreamTries }: ProxyParameters): RetryRules {
  const statuses = nextUpstream
    .filter((condition) => condition.startsWith('http_'))
    .map((condition) => Number(condition.slice('http_'.length)));
  return {
    maxTries: nextUpstream.length === 0 ? 1 : nextUpstreamTries === 0 ? Infinity : nextUpstreamTries,
    onError: nextUpstream.includes('error'),
    onTimeout: nextUpstream.includes('timeout'),
    onInvalidHead: nextUpstream.includes('invalid_header'),
    nonIdempotent: nextUpstream.includes('non_idempotent'),
    statuses: statuses.length === 0 ? undefined : new Set(statuses),
  };
}

/** nginx's `proxy_next_upstream`: whether another endpoint may be tried after this failure of an attempt. */
export function allowsRetryAfter({ onError, onTimeout, onInvalidHead }: RetryRules, code: ErrorCode): boolean {
  switch (code) {
    case 'PRT-UP-2':
    case 'PRT-UP-3':
    case 'PRT-UP-4':
      return onTimeout;
    case 'PRT-UP-6':
    case 'PRT-UP-9':
      return onInvalidHead;
    default:
      return onError;
  }
}

/** Safe to send twice (RFC 9110 9.2.2); nginx's list of exceptions is POST, LOCK and PATCH. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
