import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostWith, prefix, routeFor } from '../../../test/support/model-rows.ts';
import type { CorsPolicy } from '../../model/policies/cors.ts';
import { ResponseEdit } from '../exchange/response-edit.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { compileCors } from './cors.ts';
import { policyRequest } from './policy-request-fixture.ts';
import type { RouteHooks } from './policy.ts';

const policy: CorsPolicy = {
  origins: [
    { kind: 'exact', origin: 'https://one.example' },
    { kind: 'one-label', before: 'https://', after: '.bench.test' },
  ],
  allowsCredentials: true,
  methods: 'GET',
  headers: 'X-A',
  exposedHeaders: '',
  maxAgeSeconds: 60,
};

function compile(cors: CorsPolicy): RouteHooks {
  const hooks = compileCors(routeFor(prefix('/'), { cors }), hostWith('shop.example', []), {} as RouteCompilerDeps);
  assert.ok(hooks !== undefined);
  return hooks;
}

/** The value of Access-Control-Allow-Origin; undefined: the response is left alone. */
function allowedFor(hooks: RouteHooks, origin: string | undefined): string | undefined {
  const request = policyRequest({ fields: origin === undefined ? [] : [`Origin: ${origin}`] });
  const edit = new ResponseEdit(request, 200, undefined);
  for (const { onResponse } of hooks.response ?? []) onResponse(edit);
  assert.equal(edit.dropped === undefined, edit.lines === '');
  return /^Access-Control-Allow-Origin: (.*)\r\nAccess-Control-Allow-Credentials: true\r\n/.exec(edit.lines)?.[1];
}

describe('CORS', () => {
  it('answers each origin for itself, again and again', () => {
    const hooks = compile(policy);
    const bad = [
      'https://evil.example',
      'https://a.b.bench.test',
      'https://one.example.evil',
      'https://',
      '',
      'null',
      `https://${'x'.repeat(400)}`,
    ];
    for (let round = 0; round < 3; round++) {
      for (const origin of ['https://one.example', 'https://a.bench.test', 'HTTPS://ONE.example', `https://${'x'.repeat(400)}.bench.test`])
        assert.equal(allowedFor(hooks, origin), origin);
      for (const origin of bad) assert.equal(allowedFor(hooks, origin), undefined, origin);
      assert.equal(allowedFor(hooks, undefined), undefined);
    }
  });

  it('answers right when many origins have come', () => {
    const hooks = compile(policy);
    for (let i = 0; i < 500; i++) {
      assert.equal(allowedFor(hooks, `https://h${i}.bench.test`), `https://h${i}.bench.test`);
      assert.equal(allowedFor(hooks, `https://h${i}.evil.test`), undefined);
    }
    assert.equal(allowedFor(hooks, 'https://h0.bench.test'), 'https://h0.bench.test');
  });

  it('says the same to everybody where any origin is allowed', () => {
    const hooks = compile({ ...policy, origins: 'any' });
    for (const origin of ['https://one.example', undefined, '*']) assert.equal(allowedFor(hooks, origin), '*');
  });

  it('answers only the preflight of an allowed origin', () => {
    const hooks = compile(policy);
    const verdict = (method: string, origin: string): string | undefined =>
      hooks.request?.[0]?.onRequest(policyRequest({ method, fields: [`Origin: ${origin}`] })).kind;
    assert.equal(verdict('OPTIONS', 'https://one.example'), 'respond');
    assert.equal(verdict('OPTIONS', 'https://two.example'), 'continue');
    assert.equal(verdict('GET', 'https://one.example'), 'continue');
  });
});
