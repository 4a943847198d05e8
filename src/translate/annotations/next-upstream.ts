// The value of `proxy-next-upstream`, the same in the annotation and in the ConfigMap.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { NextUpstreamCondition } from '../../model/route.ts';

const CONDITIONS: readonly NextUpstreamCondition[] = [
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
];

/** A list separated by spaces; `off` anywhere in it means none. */
export function parseNextUpstream(text: string): Result<readonly NextUpstreamCondition[]> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return fail('names no condition');
  const conditions = CONDITIONS.filter((condition) => words.includes(condition));
  const unknown = words.find((word) => word !== 'off' && !CONDITIONS.some((condition) => condition === word));
  if (unknown !== undefined) return fail(`names ${JSON.stringify(unknown.slice(0, 80))}, which is no condition`);
  return ok(words.includes('off') ? [] : conditions);
}

/** Adds `non_idempotent`, as ConfigMap key `retry-non-idempotent` does to every location. */
export function withNonIdempotent(conditions: readonly NextUpstreamCondition[]): readonly NextUpstreamCondition[] {
  return conditions.length === 0 || conditions.includes('non_idempotent') ? conditions : [...conditions, 'non_idempotent'];
}
