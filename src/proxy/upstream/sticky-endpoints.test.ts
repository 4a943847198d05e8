import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backendIdOf, StickyEndpoints } from './sticky-endpoints.ts';
import { UpstreamEndpoint } from './upstream-group.ts';

function endpoints(count: number): UpstreamEndpoint[] {
  return Array.from({ length: count }, (_, index) => new UpstreamEndpoint({ address: `10.0.0.${index + 1}`, port: 80 }));
}

test("the id of an upstream is ingress-nginx's", () => {
  // md5hex(md5hex(b) + b), worked out by another program.
  assert.equal(backendIdOf('default-http-svc-80'), '5a881deec44117eee2efd3540198e203');
});

for (const mode of ['balanced', 'persistent'] as const) {
  describe(mode, () => {
    test('a new key finds its endpoint again, in another worker too', () => {
      const all = endpoints(5);
      const pick = new StickyEndpoints('default-shop-80', all, Math.random).pickNew(mode, [], 0);
      assert.ok(pick !== undefined);
      assert.equal(new StickyEndpoints('default-shop-80', endpoints(5), Math.random).find(pick.key, mode)?.label, pick.endpoint.label);
    });

    test('new keys reach all endpoints that were not tried', () => {
      const all = endpoints(4);
      const sticky = new StickyEndpoints('default-shop-80', all, Math.random);
      const [tried] = all;
      assert.ok(tried !== undefined);
      const picked = new Set(Array.from({ length: 200 }, () => sticky.pickNew(mode, [tried], 0)?.endpoint));
      assert.deepEqual(picked.size, 3);
      assert.ok(!picked.has(tried));
    });

    test('there is no new key when everything was tried', () => {
      const all = endpoints(2);
      assert.equal(new StickyEndpoints('x', all, Math.random).pickNew(mode, all, 0), undefined);
      assert.equal(new StickyEndpoints('x', [], Math.random).pickNew(mode, [], 0), undefined);
    });

    test('an endpoint that refuses connections gets no new clients', () => {
      const all = endpoints(3);
      for (let i = 0; i < 5; i++) all[0]?.noteRefusal(0);
      const sticky = new StickyEndpoints('x', all, Math.random);
      for (let i = 0; i < 50; i++) assert.notEqual(sticky.pickNew(mode, [], 500)?.endpoint, all[0]);
    });
  });
}

test('balanced: any key is good; persistent: only those that were given', () => {
  const sticky = new StickyEndpoints('x', endpoints(3), Math.random);
  assert.ok(sticky.find('made up', 'balanced') !== undefined);
  assert.equal(sticky.find('made up', 'persistent'), undefined);
});

test('persistent: a client stays when endpoints come', () => {
  const pick = new StickyEndpoints('x', endpoints(3), Math.random).pickNew('persistent', [], 0);
  assert.ok(pick !== undefined);
  assert.equal(new StickyEndpoints('x', endpoints(9), Math.random).find(pick.key, 'persistent')?.label, pick.endpoint.label);
});
