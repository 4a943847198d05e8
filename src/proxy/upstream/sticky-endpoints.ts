// Which endpoint of an upstream the key of an affinity cookie stands for. Made for the first request after a change of endpoints; the same
// endpoints give the same answers in every worker and every replica.
import { createHash } from 'node:crypto';
import type { CookieAffinity } from '../../model/policies/cookie-affinity.ts';
import { HashRing } from './hash-ring.ts';
import type { UpstreamEndpoint } from './upstream-group.ts';

export interface StickyPick {
  readonly key: string;
  readonly endpoint: UpstreamEndpoint;
}

/** As ingress-nginx: random keys are tried until one belongs to an endpoint that has not failed. */
const MAX_KEYS = 20;

export class StickyEndpoints {
  readonly #name: string;
  readonly #endpoints: readonly UpstreamEndpoint[];
  readonly #random: () => number;
  #ring: HashRing | undefined;
  #byDigest: ReadonlyMap<string, UpstreamEndpoint> | undefined;

  /** `name` of the upstream, for `persistent` keys; `random` in [0, 1). */
  constructor(name: string, endpoints: readonly UpstreamEndpoint[], random: () => number) {
    this.#name = name;
    this.#endpoints = endpoints;
    this.#random = random;
  }

  /** Undefined: the key stands for no endpoint (any more). */
  find(key: string, mode: CookieAffinity['mode']): UpstreamEndpoint | undefined {
    if (mode === 'persistent') return this.#digests().get(key);
    this.#ring ??= new HashRing(this.#endpoints.map(({ label }) => label));
    return this.#endpoints[this.#ring.find(key)];
  }

  /** A new key, for an endpoint that was not tried yet. Undefined: none was found. */
  pickNew(mode: CookieAffinity['mode'], tried: readonly UpstreamEndpoint[], nowMs: number): StickyPick | undefined {
    return mode === 'persistent' ? this.#pickDigest(tried, nowMs) : this.#pickKey(tried, nowMs);
  }

  #pickKey(tried: readonly UpstreamEndpoint[], nowMs: number): StickyPick | undefined {
    let last: StickyPick | undefined;
    for (let i = 0; i < MAX_KEYS; i++) {
      const key = `${Math.floor(this.#random() * 2 ** 32).toString(16)}.${Math.floor(this.#random() * 2 ** 32).toString(16)}`;
      const endpoint = this.find(key, 'balanced');
      if (endpoint === undefined || tried.includes(endpoint)) continue;
      last = { key, endpoint };
      if (!endpoint.isEjected(nowMs)) break;
    }
    return last;
  }

  #pickDigest(tried: readonly UpstreamEndpoint[], nowMs: number): StickyPick | undefined {
    const untried = [...this.#digests()].filter(([, endpoint]) => !tried.includes(endpoint));
    const healthy = untried.filter(([, endpoint]) => !endpoint.isEjected(nowMs));
    const usable = healthy.length > 0 ? healthy : untried;
    const [key, endpoint] = usable[Math.floor(this.#random() * usable.length)] ?? [];
    return key === undefined || endpoint === undefined ? undefined : { key, endpoint };
  }

  #digests(): ReadonlyMap<string, UpstreamEndpoint> {
    this.#byDigest ??= new Map(this.#endpoints.map((endpoint) => [md5(this.#name + endpoint.label), endpoint]));
    return this.#byDigest;
  }
}

/** What the cookie says about the upstream that gave it; the formula of ingress-nginx, so that cookies survive the change. */
export function backendIdOf(upstreamName: string): string {
  return md5(md5(upstreamName) + upstreamName);
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
