// Sends some requests of a route to its canary: by affinity, header, cookie, weight, in this order (ingress-nginx: `balancer.lua`,
// `route_to_alternative_balancer`).
import { compileExactCasePattern, type Pattern } from '../../kit/pattern.ts';
import type { Canary, CanaryHeader } from '../../model/policies/canary.ts';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { UpstreamKey } from '../../model/upstream.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import { backendIdInCookie, startAffinity } from './cookie-affinity.ts';
import type { RouteHooks, UpstreamSelector } from './policy.ts';

/** True: the canary. Undefined: the next rule decides. */
type Decision = boolean | undefined;

export function compileCanary({ policies, action }: Route, _host: VirtualHost, deps: RouteCompilerDeps): RouteHooks | undefined {
  const { canary } = policies;
  if (canary === undefined || action.kind !== 'forward') return undefined;
  const find = (key: UpstreamKey): UpstreamGroup => deps.findUpstream(key);
  const plain = { main: find(action.upstream), canary: find(canary.upstream) };
  const secure =
    action.secureUpstream === undefined || canary.secureUpstream === undefined
      ? plain
      : { main: find(action.secureUpstream), canary: find(canary.secureUpstream) };
  return { selector: new CanarySelector(canary, plain, secure) };
}

interface Pair {
  readonly main: UpstreamGroup;
  readonly canary: UpstreamGroup;
}

class CanarySelector implements UpstreamSelector {
  readonly #row: Canary;
  readonly #plain: Pair;
  readonly #secure: Pair;
  readonly #pattern: Pattern | undefined;

  constructor(row: Canary, plain: Pair, secure: Pair) {
    this.#row = row;
    this.#plain = plain;
    this.#secure = secure;
    const rule = row.header?.rule;
    const pattern = rule?.kind === 'pattern' ? compileExactCasePattern(rule.pattern) : undefined;
    this.#pattern = pattern?.ok === true ? pattern.value : undefined;
  }

  selectGroup(request: PolicyRequest): UpstreamGroup | undefined {
    const { main, canary } = this.#pairFor(request);
    // Without endpoints of its own the main backend answers 503; without those of the canary it goes on alone.
    if (main.endpoints.length === 0 || canary.endpoints.length === 0) return undefined;
    const isChosen =
      this.#decideByAffinity(request, main, canary) ??
      this.#decideByHeader(request) ??
      this.#decideByCookie(request) ??
      Math.random() * this.#row.weightTotal < this.#row.weight;
    return isChosen ? canary : undefined;
  }

  /** A sticky canary keeps its clients by the cookie of the main backend. */
  startPicking(request: PolicyRequest, group: UpstreamGroup): EndpointPicker | undefined {
    const { main, canary } = this.#pairFor(request);
    if (!this.#row.isSticky || group !== canary || main.affinity === undefined) return undefined;
    return startAffinity(request, canary, main.affinity);
  }

  #pairFor(request: PolicyRequest): Pair {
    return request.origin.isTls ? this.#secure : this.#plain;
  }

  #decideByAffinity(request: PolicyRequest, main: UpstreamGroup, canary: UpstreamGroup): Decision {
    if (!this.#row.isSticky || main.affinity === undefined) return undefined;
    const backendId = backendIdInCookie(request, main.affinity);
    if (backendId === main.backendId) return false;
    return backendId === canary.backendId ? true : undefined;
  }

  #decideByHeader(request: PolicyRequest): Decision {
    const { header } = this.#row;
    const value = header === undefined ? undefined : request.fieldOf(header.name);
    return header === undefined || value === undefined ? undefined : this.#decideByValue(header, value);
  }

  #decideByValue({ rule }: CanaryHeader, value: string): Decision {
    switch (rule.kind) {
      case 'switch':
        return readSwitch(value);
      case 'value':
        return value === rule.value ? true : undefined;
      case 'pattern':
        if (this.#pattern === undefined) return false;
        return this.#pattern.test(value) ? true : undefined;
      case 'broken-pattern':
        return false;
    }
  }

  #decideByCookie(request: PolicyRequest): Decision {
    const { cookie } = this.#row;
    const value = cookie === undefined ? undefined : request.cookieOf(cookie, 'any-case');
    return value === undefined ? undefined : readSwitch(value);
  }
}

function readSwitch(value: string): Decision {
  return value === 'always' ? true : value === 'never' ? false : undefined;
}
