import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hostWith, prefix, routeFor } from '../../../test/support/model-rows.ts';
import type { Canary } from '../../model/policies/canary.ts';
import type { CookieAffinity } from '../../model/policies/cookie-affinity.ts';
import { type Upstream, type UpstreamKey, upstreamKey } from '../../model/upstream.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { backendIdOf } from '../upstream/sticky-endpoints.ts';
import { UpstreamGroup } from '../upstream/upstream-group.ts';
import { compileCanary } from './canary.ts';
import { policyRequest, type RequestFixture } from './policy-request-fixture.ts';
import type { UpstreamSelector } from './policy.ts';

const canaryKey = upstreamKey('default', 'canary', '80');
const never: Canary = { upstream: canaryKey, weight: 0, weightTotal: 100, isSticky: true };
const affinity: CookieAffinity = {
  cookieName: 'route',
  mode: 'balanced',
  secure: false,
  conditionalSameSiteNone: false,
  changeOnFailure: false,
};
const mainName = 'default-main-80';
const canaryName = 'default-canary-80';

interface World {
  readonly mainEndpoints?: number;
  readonly canaryEndpoints?: number;
  readonly mainAffinity?: CookieAffinity;
}

class Groups {
  readonly #groups = new Map<UpstreamKey, UpstreamGroup>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  find(key: UpstreamKey): UpstreamGroup {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const isCanary = key === canaryKey;
    const count = (isCanary ? this.#world.canaryEndpoints : this.#world.mainEndpoints) ?? 2;
    const { mainAffinity } = this.#world;
    const row: Upstream = {
      key,
      name: isCanary ? canaryName : mainName,
      endpoints: Array.from({ length: count }, (_, index) => ({ address: `10.${isCanary ? 1 : 0}.0.${index + 1}`, port: 80 })),
      ...(!isCanary && mainAffinity !== undefined && { affinity: mainAffinity }),
      origin: { kind: 'Service', namespace: 'default', name: 'x' },
    };
    const group = new UpstreamGroup(key, 0);
    group.update(row, new Map());
    this.#groups.set(key, group);
    return group;
  }
}

function compile(canary: Canary, world: World = {}): { readonly selector: UpstreamSelector; readonly canaryGroup: UpstreamGroup } {
  const groups = new Groups(world);
  const deps = { findUpstream: (key: UpstreamKey) => groups.find(key) } as unknown as RouteCompilerDeps;
  const selector = compileCanary(routeFor(prefix('/'), { canary }), hostWith('shop.example', []), deps)?.selector;
  assert.ok(selector !== undefined);
  return { selector, canaryGroup: groups.find(canaryKey) };
}

function isChosen(canary: Canary, fixture: RequestFixture, world?: World): boolean {
  const { selector, canaryGroup } = compile(canary, world);
  const group = selector.selectGroup?.(policyRequest(fixture));
  assert.ok(group === undefined || group === canaryGroup);
  return group !== undefined;
}

const bySwitch: Canary = { ...never, header: { name: 'x-canary', rule: { kind: 'switch' } } };
const byValue: Canary = { ...never, header: { name: 'x-canary', rule: { kind: 'value', value: 'eu' } } };
const byPattern: Canary = { ...never, header: { name: 'x-canary', rule: { kind: 'pattern', pattern: '^Do[A-Z]' } } };
const broken: Canary = { ...never, weight: 100, header: { name: 'x-canary', rule: { kind: 'broken-pattern' } } };
const byCookie: Canary = { ...never, cookie: 'Canary' };
const always: Canary = { ...never, weight: 100 };

const rows: readonly (readonly [name: string, canary: Canary, fields: readonly string[], isChosen: boolean])[] = [
  ['nothing decides', never, [], false],
  ['weight of all', always, [], true],
  ['weight above the total', { ...never, weight: 300, weightTotal: 200 }, [], true],
  ['header always', bySwitch, ['X-CANARY: always'], true],
  ['header never beats the weight', { ...bySwitch, weight: 100 }, ['X-Canary: never'], false],
  ['another value leaves it to the weight', { ...bySwitch, weight: 100 }, ['X-Canary: Always'], true],
  ['the value', byValue, ['X-Canary: eu'], true],
  ['always means nothing beside a value', byValue, ['X-Canary: always'], false],
  ['never means nothing beside a value', { ...byValue, weight: 100 }, ['X-Canary: never'], true],
  ['the pattern', byPattern, ['X-Canary: DoIt'], true],
  ['the pattern regards case', byPattern, ['X-Canary: doIt'], false],
  ['a broken pattern', broken, ['X-Canary: any'], false],
  ['a broken pattern without its header', broken, [], true],
  ['cookie always, its name in any case', byCookie, ['Cookie: a=b; CANARY=always'], true],
  ['cookie never', { ...byCookie, weight: 100 }, ['Cookie: Canary=never'], false],
  ['cookie of another name', byCookie, ['Cookie: xCanary=always'], false],
  [
    'header before cookie',
    { ...byCookie, header: bySwitch.header ?? { name: '', rule: { kind: 'switch' } } },
    ['X-Canary: never', 'Cookie: Canary=always'],
    false,
  ],
];

describe('a request goes to the canary or not', () => {
  for (const [name, canary, fields, expected] of rows) test(name, () => assert.equal(isChosen(canary, { fields }), expected));

  test('by its share', () => {
    const { selector } = compile({ ...never, weight: 50 });
    const chosen = Array.from({ length: 2000 }, () => selector.selectGroup?.(policyRequest())).filter((group) => group !== undefined);
    assert.ok(chosen.length > 800 && chosen.length < 1200, `${chosen.length}`);
  });

  test('never without endpoints of the main backend or of the canary', () => {
    assert.equal(isChosen(always, {}, { mainEndpoints: 0 }), false);
    assert.equal(isChosen(always, {}, { canaryEndpoints: 0 }), false);
  });
});

describe('affinity', () => {
  const ofMain = { fields: [`Cookie: route=k|${backendIdOf(mainName)}`, 'X-Canary: always'] };
  const ofCanary = { fields: [`Cookie: route=k|${backendIdOf(canaryName)}`, 'X-Canary: never'] };
  const world = { mainAffinity: affinity };

  test('keeps a client with the backend that gave it its cookie, before everything else', () => {
    assert.equal(isChosen(bySwitch, ofMain, world), false);
    assert.equal(isChosen(bySwitch, ofCanary, world), true);
  });

  test('does not where the canary is not sticky', () => {
    const legacy = { ...bySwitch, isSticky: false };
    assert.equal(isChosen(legacy, ofMain, world), true);
    assert.equal(isChosen(legacy, ofCanary, world), false);
  });

  test('a cookie of somebody else says nothing', () => {
    assert.equal(isChosen(bySwitch, { fields: ['Cookie: route=k|0123', 'X-Canary: always'] }, world), true);
    assert.equal(isChosen(bySwitch, { fields: ['Cookie: route=k', 'X-Canary: always'] }, world), true);
  });

  test('a sticky canary gives cookies of its own, another does not', () => {
    for (const isSticky of [true, false]) {
      const { selector, canaryGroup } = compile({ ...always, isSticky }, world);
      const request = policyRequest({ route: { setsAffinityCookie: true, cookiePath: '/' } });
      selector.startPicking?.(request, canaryGroup)?.([], 0);
      assert.equal(request.affinityCookieLine.includes(backendIdOf(canaryName)), isSticky);
    }
  });
});
