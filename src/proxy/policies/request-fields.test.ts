import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { policyRequest } from './policy-request-fixture.ts';
import { compileRequestFieldPolicies } from './request-fields.ts';

function hostAfter(text: string, path: string): string | undefined {
  const settings = { proxySetHeaders: [{ name: 'Host', value: { kind: 'template', text } }] };
  const hooks = compileRequestFieldPolicies({ policies: {} } as Route, {} as VirtualHost, { settings } as unknown as RouteCompilerDeps);
  const request = policyRequest({ path });
  hooks?.request?.[0]?.onRequest(request);
  return request.upstreamHost;
}

test('a Host that is set may hold variables', () => {
  assert.equal(hostAfter('inner.$host', '/'), 'inner.shop.example');
});

test('a Host that cannot stand in a head is not set', () => {
  assert.equal(hostAfter('a$uri', '/x\r\nX-Evil: y'), undefined);
  // Latin1 makes CR and LF of them.
  assert.equal(hostAfter('a$uri', '/\u010d\u010aX-Evil:y'), undefined);
  assert.equal(hostAfter('$arg_none', '/'), undefined);
});
