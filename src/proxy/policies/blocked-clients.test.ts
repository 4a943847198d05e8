import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlockedClients } from '../../model/policies/access.ts';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { compileBlockedClients, compileBlocks } from './blocked-clients.ts';
import { policyRequest, type RequestFixture } from './policy-request-fixture.ts';

const FORWARD = { kind: 'default-backend', upstream: null } as const;
const nothing: BlockedClients = { cidrs: [], userAgents: [], referers: [] };

function isBlocked(blocked: Partial<BlockedClients>, request: RequestFixture, policies: Route['policies'] = {}): boolean {
  const deps = { blocks: compileBlocks({ ...nothing, ...blocked }), settings: {} } as unknown as RouteCompilerDeps;
  const hooks = compileBlockedClients({ policies, action: FORWARD } as Route, {} as VirtualHost, deps);
  return (hooks?.request ?? []).some((policy) => policy.onRequest(policyRequest(request)).kind === 'refuse');
}

const agents: BlockedClients['userAgents'] = [
  { kind: 'text', text: 'alphabot' },
  { kind: 'regex', pattern: 'chrome/68\\.', ignoresCase: true },
  { kind: 'regex', pattern: 'Curl', ignoresCase: false },
];

describe('blocked clients', () => {
  it('costs a route nothing where nothing is blocked', () => {
    const deps = { blocks: compileBlocks(nothing), settings: {} } as unknown as RouteCompilerDeps;
    assert.equal(compileBlockedClients({ policies: {}, action: FORWARD } as Route, {} as VirtualHost, deps), undefined);
  });

  const rows: readonly (readonly [value: string | undefined, blocked: boolean])[] = [
    ['AlphaBot', true],
    ['AlphaBot2', false],
    ['Mozilla Chrome/68.0', true],
    ['Curl/8', true],
    ['curl/8', false],
    [undefined, false],
  ];
  for (const [value, blocked] of rows) {
    it(`${blocked ? 'blocks' : 'lets through'} ${value ?? 'a client that says nothing'}`, () => {
      assert.equal(isBlocked({ userAgents: agents }, { fields: value === undefined ? [] : [`User-Agent: ${value}`] }), blocked);
      assert.equal(isBlocked({ referers: agents }, { fields: value === undefined ? [] : [`Referer: ${value}`] }), blocked);
    });
  }

  it('blocks addresses, but not where the route has lists of its own', () => {
    const cidrs = ['10.0.0.0/8'];
    assert.equal(isBlocked({ cidrs }, { clientAddress: '10.1.1.1' }), true);
    assert.equal(isBlocked({ cidrs }, { clientAddress: '11.1.1.1' }), false);
    const access = { satisfy: 'all', addresses: { allow: ['0.0.0.0/0'], deny: [] } } as const;
    assert.equal(isBlocked({ cidrs }, { clientAddress: '10.1.1.1' }, { access }), false);
    const snippet = { steps: [], rules: [], addresses: [{ isAllowed: true, addresses: 'all' }] };
    assert.equal(isBlocked({ cidrs }, { clientAddress: '10.1.1.1' }, { snippet }), false);
  });

  it('blocks everybody by what cannot be understood', () => {
    assert.equal(isBlocked({ cidrs: ['nonsense'] }, {}), true);
    assert.equal(isBlocked({ userAgents: [{ kind: 'regex', pattern: '(', ignoresCase: true }] }, {}), true);
  });
});
