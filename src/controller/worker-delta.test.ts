import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ModelDelta } from '../model/delta.ts';
import { hostName } from '../model/route.ts';
import type { Route, RoutePolicies } from '../model/route.ts';
import { deltaForWorkers } from './worker-delta.ts';

function deltaOf(policies: readonly RoutePolicies[]): ModelDelta {
  const origin = { kind: 'Ingress', namespace: 'shop', name: 'web' };
  const labels = { namespace: 'shop', ingress: 'web', service: 'web', servicePort: '80', path: '/' };
  const routes = policies.map((policy, index): Route => {
    const match = { kind: 'exact', path: `/${index}` } as const;
    return { id: String(index), match, action: { kind: 'health-check' }, policies: policy, labels, origin };
  });
  return {
    hosts: [{ name: hostName('a.test'), pathMode: 'literal', tls: { kind: 'none' }, origin, routes }],
    removedHosts: [],
    upstreams: [],
    removedUpstreams: [],
    certificates: [],
    removedCertificates: [],
    upstreamSecrets: [],
    removedUpstreamSecrets: [],
  };
}

it('says of policies what the routes say, once for neighbours that say the same', () => {
  const proxy = { readTimeoutMs: 5 };
  const given: readonly RoutePolicies[] = [
    {},
    { proxy },
    { proxy },
    { proxy, accessLog: false },
    { proxy, relativeRedirects: false },
    { proxy: { readTimeoutMs: 6 }, relativeRedirects: false },
    {},
  ];
  const policies = deltaForWorkers(deltaOf(given)).hosts[0]?.routes.map((route) => route.policies) ?? [];
  assert.deepEqual(policies, given);
  assert.equal(policies[1], policies[2]);
  assert.equal(new Set(policies).size, 6);
});
