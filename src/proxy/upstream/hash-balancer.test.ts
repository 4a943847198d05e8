import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policyRequest } from '../policies/policy-request-fixture.ts';
import { HashBalancer } from './hash-balancer.ts';
import { UpstreamEndpoint } from './upstream-group.ts';

function endpoints(count: number): UpstreamEndpoint[] {
  return Array.from({ length: count }, (_, index) => new UpstreamEndpoint({ address: `10.0.0.${index + 1}`, port: 80 }));
}

function balancerOf(key: string, all: readonly UpstreamEndpoint[], subsetSize?: number): HashBalancer {
  const balancer = new HashBalancer({ kind: 'hash', key, ...(subsetSize !== undefined && { subsetSize }) }, Math.random);
  balancer.setEndpoints(all);
  return balancer;
}

describe('upstream-hash-by', () => {
  test('sends equal keys to one endpoint, whatever else differs', () => {
    const balancer = balancerOf('$http_x_tenant', endpoints(5));
    const pick = (target: string): string | undefined => balancer.start(policyRequest({ target, fields: ['X-Tenant: a'] }))([], 0)?.label;
    assert.equal(pick('/one'), pick('/two'));
  });

  test('spreads different keys', () => {
    const balancer = balancerOf('$request_uri', endpoints(5));
    const picked = Array.from({ length: 100 }, (_, index) => balancer.start(policyRequest({ target: `/${index}` }))([], 0)?.label);
    assert.equal(new Set(picked).size, 5);
  });

  test('retries at another endpoint, and gives up when all were tried', () => {
    const all = endpoints(3);
    const pick = balancerOf('$host', all).start(policyRequest());
    const tried: UpstreamEndpoint[] = [];
    for (let i = 0; i < 3; i++) {
      const endpoint = pick(tried, 0);
      assert.ok(endpoint !== undefined && !tried.includes(endpoint));
      tried.push(endpoint);
    }
    assert.equal(pick(tried, 0), undefined);
  });

  test('follows a change of endpoints', () => {
    const balancer = balancerOf('$host', endpoints(1));
    balancer.start(policyRequest());
    const [only] = endpoints(1);
    balancer.setEndpoints(only === undefined ? [] : [only]);
    assert.equal(balancer.start(policyRequest())([], 0), only);
    balancer.setEndpoints([]);
    assert.equal(balancer.start(policyRequest())([], 0), undefined);
  });
});

describe('upstream-hash-by-subset', () => {
  test('uses so many endpoints for a key', () => {
    const balancer = balancerOf('$arg_a', endpoints(9), 3);
    const pick = balancer.start(policyRequest({ target: '/?a=b' }));
    const picked = new Set(Array.from({ length: 200 }, () => pick([], 0)));
    assert.equal(picked.size, 3);
  });

  test('fills the last subset up with the first endpoints', () => {
    const all = endpoints(4);
    const balancer = balancerOf('$request_uri', all, 3);
    const sets = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const pick = balancer.start(policyRequest({ target: `/${i}` }));
      const picked = new Set(Array.from({ length: 100 }, () => pick([], 0)?.address ?? ''));
      sets.add([...picked].sort().join(' '));
    }
    assert.deepEqual([...sets].sort(), ['10.0.0.1 10.0.0.2 10.0.0.3', '10.0.0.1 10.0.0.2 10.0.0.4']);
  });
});
