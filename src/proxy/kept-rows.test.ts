import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hostName } from '../model/route.ts';
import type { Action, PathMatch, VirtualHost } from '../model/route.ts';
import { upstreamKey } from '../model/upstream.ts';
import { RowKeeper } from './kept-rows.ts';

const origin = { kind: 'Ingress', namespace: 'shop', name: 'web' };
const key = upstreamKey('shop', 'web', '80', '');

function host(routes: readonly { readonly match: PathMatch; readonly action: Action }[]): VirtualHost {
  const labels = { namespace: 'shop', ingress: 'web', service: 'web', servicePort: '80', path: '/a' };
  return {
    name: hostName('a.test'),
    pathMode: 'literal',
    tls: { kind: 'none' },
    origin,
    routes: routes.map((route, index) => ({ ...route, id: String(index), policies: { accessLog: false }, labels, origin })),
  };
}

it('keeps rows that say the same', () => {
  const matches: readonly PathMatch[] = [
    { kind: 'exact', path: '/a' },
    { kind: 'prefix', path: '/a' },
    { kind: 'regex', pattern: '/a.*' },
  ];
  const actions: readonly Action[] = [
    { kind: 'forward', upstream: key },
    { kind: 'forward', upstream: key, secureUpstream: key },
    { kind: 'forward', upstream: key, fallback: key },
    { kind: 'default-backend', upstream: null },
    { kind: 'health-check' },
  ];
  const row = host(matches.flatMap((match) => actions.map((action) => ({ match, action }))));
  assert.deepEqual(new RowKeeper((given) => given).keep(structuredClone(row)), row);
});

it('asks for the key that is kept already', () => {
  const asked: string[] = [];
  const keeper = new RowKeeper((given) => {
    asked.push(given);
    return given;
  });
  keeper.keep(host([{ match: { kind: 'exact', path: '/' }, action: { kind: 'forward', upstream: key } }]));
  assert.deepEqual(asked, [key]);
});
