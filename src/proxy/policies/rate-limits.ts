// Limits on rates and on requests under way, by client address or what `limit-conn-zone-variable` names (ingress-nginx reference 2.10),
// behind redirects and in front of authentication. Rates come first, as in nginx: a request that they refuse is not counted as one under
// way, and one that is too many under way has had its share of the rate.
import { parseCidrSet } from '../../kit/cidr.ts';
import type { RateLimits } from '../../model/policies/rate-limits.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { compileBucketRate } from '../limits/rate-buckets.ts';
import { hashOf } from '../limits/shared-slots.ts';
import type { SharedLimits } from '../limits/shared-limits.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyVerdict, type RequestPolicy, type RouteHooks } from './policy.ts';
import { compileTemplate } from './variables.ts';

export const compileRateLimits: HookCompiler = ({ policies }, _host, { settings, limits }): RouteHooks | undefined => {
  const { rateLimits } = policies;
  if (rateLimits === undefined) return undefined;
  const { connections, rates, zone } = rateLimits;
  const { clientKey, requestStatus, connectionStatus } = settings.limits;
  const deps = { limits, isExempt: compileExemption(rateLimits.exempt), keyOf: compileClientKey(clientKey) };
  const request: RequestPolicy[] = [];
  if (rates.length > 0) request.push(compileRates(rateLimits, requestStatus, deps));
  if (connections !== undefined) request.push(new ConnectionLimit({ zone, limit: connections, status: connectionStatus }, deps));
  return { request };
};

type Exemption = (address: string) => boolean;

/** CIDRs were checked when they were translated. */
function compileExemption(cidrs: readonly string[]): Exemption {
  const set = parseCidrSet(cidrs);
  return set.ok && !set.value.isEmpty ? (address) => set.value.contains(address) : () => false;
}

interface LimitDeps {
  readonly limits: SharedLimits;
  readonly isExempt: Exemption;
  /** Empty: the request is not counted. */
  readonly keyOf: (request: PolicyRequest) => string;
}

function compileClientKey(key: string): LimitDeps['keyOf'] {
  return key === '$binary_remote_addr' ? (request) => request.clientAddress : compileTemplate(key);
}

function compileRates({ zone, rates }: RateLimits, status: number, { limits, isExempt, keyOf }: LimitDeps): RequestPolicy {
  const buckets = rates.map(({ requests, perMs, burst }) =>
    compileBucketRate(`${zone}\0${requests}/${perMs}+${burst}`, requests, perMs, burst),
  );
  const refusal: PolicyVerdict = { kind: 'refuse', code: 'PRT-LIMIT-1', status };
  return {
    phase: 'limit',
    onRequest(request) {
      if (isExempt(request.clientAddress)) return CONTINUE;
      const client = keyOf(request);
      if (client === '') return CONTINUE;
      const nowMs = limits.sharedMs(request.context.nowMs);
      for (let i = 0; i < buckets.length; i++) {
        const bucket = buckets[i];
        if (bucket === undefined || limits.buckets.tryTake(bucket, client, nowMs)) continue;
        for (const taken of buckets.slice(0, i)) limits.buckets.giveBack(taken, client, nowMs);
        return refusal;
      }
      return CONTINUE;
    },
  };
}

interface ConnectionLimitOptions {
  readonly zone: string;
  readonly limit: number;
  readonly status: number;
}

class ConnectionLimit implements RequestPolicy {
  readonly phase = 'limit';
  readonly #deps: LimitDeps;
  readonly #zone: number;
  readonly #limit: number;
  readonly #refusal: PolicyVerdict;

  constructor({ zone, limit, status }: ConnectionLimitOptions, deps: LimitDeps) {
    this.#deps = deps;
    this.#zone = hashOf(`${zone}\0connections`);
    this.#limit = limit;
    this.#refusal = { kind: 'refuse', code: 'PRT-LIMIT-2', status };
  }

  onRequest(request: PolicyRequest): PolicyVerdict {
    const { limits, isExempt, keyOf } = this.#deps;
    if (isExempt(request.clientAddress)) return CONTINUE;
    const { busy, place } = limits;
    const key = keyOf(request);
    if (key === '') return CONTINUE;
    const slot = busy.tryAcquire(this.#zone, key, limits.sharedMs(request.context.nowMs), { limit: this.#limit, place });
    if (slot < 0) return this.#refusal;
    request.note(this, slot);
    return CONTINUE;
  }

  onEnd(request: PolicyRequest): void {
    const slot = request.noteOf(this);
    const { busy, place } = this.#deps.limits;
    if (typeof slot === 'number') busy.release(slot, place);
  }
}
