import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CookieAffinity } from '../model/policies/cookie-affinity.ts';
import { parseObject } from '../resources/parse-object.ts';
import { BackendUsers, PLAIN_SETTINGS, type BackendSettings, type BackendUser } from './backend-settings.ts';

const affinity: CookieAffinity = {
  cookieName: 'a',
  mode: 'balanced',
  secure: false,
  conditionalSameSiteNone: false,
  changeOnFailure: false,
};

/** `day` of its creation; a smaller one is older. */
function user(day: number, backend: BackendSettings): BackendUser {
  const metadata = { name: `i${day}`, creationTimestamp: `2024-01-${String(day).padStart(2, '0')}T00:00:00Z` };
  const parsed = parseObject(
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec: { rules: [{ host: 'a.example' }] } },
    {},
  );
  assert.ok(parsed.kind === 'object' && parsed.object.kind === 'Ingress');
  return { ingress: parsed.object, backend };
}

const ewma: BackendSettings = { via: 'endpoints', loadBalancing: { kind: 'ewma' } };
const sticky: BackendSettings = { via: 'cluster-ip', affinity };

describe('settings of a Service port', () => {
  test('are those of its only user', () => {
    const users = new BackendUsers();
    assert.equal(users.settings, PLAIN_SETTINGS);
    const only = user(1, ewma);
    users.add(only);
    users.add(only);
    assert.equal(users.settings, ewma);
    users.remove(only);
    assert.equal(users.settings, ewma);
    users.remove(only);
    assert.equal(users.settings, PLAIN_SETTINGS);
    assert.equal(users.isEmpty, true);
  });

  test('are those of the oldest, even if it sets nothing; affinity of the oldest that asks for it', () => {
    const users = new BackendUsers();
    const [old, middle, young] = [user(1, PLAIN_SETTINGS), user(2, sticky), user(3, ewma)];
    for (const one of [young, middle, old]) users.add(one);
    assert.deepEqual(users.settings, { via: 'endpoints', affinity });
    users.remove(old);
    assert.deepEqual(users.settings, sticky);
    users.remove(middle);
    assert.deepEqual(users.settings, ewma);
    users.add(old);
    assert.deepEqual(users.settings, PLAIN_SETTINGS);
    users.remove(old);
    users.remove(young);
    assert.equal(users.isEmpty, true);
  });

  test('stay while a user is left that refers to it elsewhere', () => {
    const users = new BackendUsers();
    const [old, young] = [user(1, sticky), user(2, ewma)];
    users.add(old);
    users.add(young);
    users.add(old);
    users.remove(old);
    assert.deepEqual(users.settings, sticky);
  });
});
