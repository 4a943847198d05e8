// Limits on rates and on requests under way, by client address (ingress-nginx reference 2.10), behind redirects and in front of
// authentication: a request that is refused by an earlier limit does not count for the later ones.
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
  const isExempt = compileExemption(rateLimits.exempt);
  const request: RequestPolicy[] = [];
  const { connections, rates, zone } = rateLimits;
  if (connections !== undefined) {
    const { connectionKey, connectionStatus } = settings.limits;
    request.push(new ConnectionLimit({ zone, limit: connections, key: connectionKey, status: connectionStatus }, limits, isExempt));
  }
  if (rates.length > 0) request.push(compileRates(rateLimits, { limits, isExempt, status: settings.limits.requestStatus }));
  return { request };
};

type Exemption = (address: string) => boolean;

/** CIDRs were checked when they were translated. */
function compileExemption(cidrs: readonly string[]): Exemption {
  const set = parseCidrSet(cidrs);
  return set.ok && !set.value.isEmpty ? (address) => set.value.contains(address) : () => false;
}

interface RateDeps {
  readonly limits: SharedLimits;
  readonly isExempt: Exemption;
  readonly status: number;
}

function compileRates({ zone, rates }: RateLimits, { limits, isExempt, status }: RateDeps): RequestPolicy {
  const buckets = rates.map(({ requests, perMs, burst }) =>
    compileBucketRate(`${zone}\0${requests}/${perMs}+${burst}`, requests, perMs, burst),
  );
  const refusal: PolicyVerdict = { kind: 'refuse', code: 'PRT-LIMIT-1', status };
  return {
    phase: 'limit',
    onRequest(request) {
      const client = request.clientAddress;
      if (isExempt(client)) return CONTINUE;
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
  /** Text with variables: `limit-conn-zone-variable`. */
  readonly key: string;
  readonly status: number;
}

class ConnectionLimit implements RequestPolicy {
  readonly phase = 'limit';
  readonly #limits: SharedLimits;
  readonly #isExempt: Exemption;
  readonly #zone: number;
  readonly #limit: number;
  readonly #keyOf: (request: PolicyRequest) => string;
  readonly #refusal: PolicyVerdict;

  constructor({ zone, limit, key, status }: ConnectionLimitOptions, limits: SharedLimits, isExempt: Exemption) {
    this.#limits = limits;
    this.#isExempt = isExempt;
    this.#zone = hashOf(`${zone}\0connections`);
    this.#limit = limit;
    this.#keyOf = key === '$binary_remote_addr' ? (request) => request.clientAddress : compileTemplate(key);
    this.#refusal = { kind: 'refuse', code: 'PRT-LIMIT-2', status };
  }

  onRequest(request: PolicyRequest): PolicyVerdict {
    if (this.#isExempt(request.clientAddress)) return CONTINUE;
    const { busy, place } = this.#limits;
    const key = this.#keyOf(request);
    // nginx: a request without a key is not counted.
    if (key === '') return CONTINUE;
    const slot = busy.tryAcquire(this.#zone, key, this.#limits.sharedMs(request.context.nowMs), { limit: this.#limit, place });
    if (slot < 0) return this.#refusal;
    request.note(this, slot);
    return CONTINUE;
  }

  onEnd(request: PolicyRequest): void {
    const slot = request.noteOf(this);
    if (typeof slot === 'number') this.#limits.busy.release(slot, this.#limits.place);
  }
}
