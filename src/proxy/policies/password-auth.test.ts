// Basic and digest authentication over real digests and the real password thread.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, describe, it } from 'node:test';
import type { PasswordAuth, UserList } from '../../model/policies/access.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { AccessAnswer, AccessCheck, AccessDecision } from './access-check.ts';
import { AuthServices } from './auth-services.ts';
import { compileBasicAuth } from './basic-auth.ts';
import { compileDigestAuth } from './digest-auth.ts';
import { policyRequest } from './policy-request-fixture.ts';
import { NonceCounts } from './nonce-counts.ts';
import { SharedAuthCache } from './shared-auth-cache.ts';

const services = new AuthServices({ cache: SharedAuthCache.create().buffer, nonces: NonceCounts.allocate([1, 2]), secret: 'test' });
after(() => services.passwords.close());

const users: UserList = {
  entries: [
    ['alice', '{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00='],
    ['alice', '{PLAIN}second'],
    ['bob', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'],
    ['carol', ''],
    ['jürgen', '{PLAIN}pässword'],
    ['colon', '{PLAIN}a:b'],
  ],
};

function basic(list = users): AccessCheck {
  return compileBasicAuth({ kind: 'basic', realm: 'test auth', users: list }, services);
}

async function decide(answer: AccessAnswer): Promise<AccessDecision> {
  return answer.kind === 'later' ? new Promise<AccessDecision>((resolve) => answer.start(resolve)) : answer;
}

function credentials(text: string): string {
  return `Authorization: Basic ${Buffer.from(text, 'utf8').toString('base64')}`;
}

describe('basic authentication', () => {
  const good = ['alice:bar', 'bob:secret', 'jürgen:pässword', 'colon:a:b'];
  for (const text of good) {
    it(`lets ${text} in and tells the log the user`, async () => {
      const request = policyRequest({ fields: [credentials(text)] });
      assert.equal((await decide(basic().check(request))).kind, 'yes');
      assert.equal(request.entry.remoteUser, text.slice(0, text.indexOf(':')));
    });
  }

  const bad: readonly (readonly [what: string, fields: readonly string[]])[] = [
    ['no credentials', []],
    ['a wrong password', [credentials('alice:baz')]],
    ['a wrong password of a slow hash', [credentials('bob:bar')]],
    ['the second entry of a user', [credentials('alice:second')]],
    ['an unknown user', [credentials('mallory:bar')]],
    ['a user without hash and no password', [credentials('carol:')]],
    ['no colon', [credentials('alice')]],
    ['a NUL', [credentials('alice:bar\0x')]],
    ['no Base64', ['Authorization: Basic %%%']],
    ['another scheme', ['Authorization: Bearer x']],
    ['two fields', [credentials('alice:bar'), credentials('alice:bar')]],
    ['a member of every object', [credentials('constructor:x')]],
  ];
  for (const [what, fields] of bad) {
    it(`refuses ${what} and challenges`, async () => {
      const request = policyRequest({ fields });
      const decision = await decide(basic().check(request));
      assert.deepEqual(decision, { kind: 'no', status: 401, code: 'PRT-AUTH-1', lines: 'WWW-Authenticate: Basic realm="test auth"\r\n' });
      assert.equal(request.entry.remoteUser, '');
    });
  }

  it('asks for a slow hash once while the password is known, and again later', async () => {
    const list: UserList = { entries: [['bob', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/']] };
    const check = basic(list);
    const fields = [credentials('bob:secret')];
    const first = check.check(policyRequest({ fields }));
    assert.equal(first.kind, 'later');
    assert.equal((await decide(first)).kind, 'yes');
    assert.equal(check.check(policyRequest({ fields })).kind, 'yes');
    assert.equal(check.check(policyRequest({ fields, nowMs: performance.now() + 3_600_000 })).kind, 'later');
  });

  describe('in lines that a connection has sent before', () => {
    const sha = '{SHA}Ys23Ag/5IOWqZCw9QGaVDdHwH00=';
    const kept = (fields: readonly string[], nowMs = 1000): PolicyRequest => {
      const request = policyRequest({ fields, nowMs });
      request.head.fields = request.head.fields.keep();
      return request;
    };
    /** The same lines again, at another time. */
    const again = (before: PolicyRequest, nowMs: number): PolicyRequest => {
      const request = policyRequest({ nowMs });
      request.head.fields = before.head.fields;
      return request;
    };

    it('knows the user without the credentials, for a while', () => {
      const check = basic({ entries: [['alice', sha]] });
      const first = kept([credentials('alice:bar')]);
      for (let i = 0; i < 2; i++) assert.equal(check.check(first).kind, 'yes');
      assert.equal(first.head.fields.proof?.user, 'alice');
      // The head of this one has no Authorization: only what is noted can let it in.
      const second = again(first, 30_000);
      assert.equal(check.check(second).kind, 'yes');
      assert.equal(second.entry.remoteUser, 'alice');
      assert.equal(check.check(again(first, 100_000)).kind, 'no');
    });

    it('asks again when the Secret has changed, and for another Secret', () => {
      const entries: UserList['entries'] = [['alice', sha]];
      const first = kept([credentials('alice:bar')]);
      const check = basic({ entries });
      for (let i = 0; i < 2; i++) assert.equal(check.check(first).kind, 'yes');
      assert.equal(basic({ entries }).check(again(first, 1000)).kind, 'no');
      assert.equal(basic({ entries: [['alice', '{PLAIN}other']] }).check(first).kind, 'no');
      assert.equal(basic({ entries: [['bob', sha]] }).check(first).kind, 'no');
    });

    it('notes nothing of bad credentials, nor in lines that other connections use too', () => {
      const check = basic({ entries: [['alice', sha]] });
      const bad = kept([credentials('alice:baz')]);
      const shared = policyRequest({ fields: [credentials('alice:bar')], nowMs: 1000 });
      for (let i = 0; i < 2; i++) {
        assert.equal(check.check(bad).kind, 'no');
        assert.equal(check.check(shared).kind, 'yes');
      }
      assert.equal(bad.head.fields.proof, undefined);
      assert.equal(shared.head.fields.proof, undefined);
    });
  });

  it('answers equal questions that come together, and none that was taken back', async () => {
    const check = basic({ entries: [['bob', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/']] });
    const ask = (): AccessAnswer => check.check(policyRequest({ fields: [credentials('bob:secret')] }));
    const [first, second, third] = [ask(), ask(), ask()];
    let isAnswered = false;
    assert.ok(second.kind === 'later');
    second.start(() => (isAnswered = true))();
    const decisions = await Promise.all([decide(first), decide(third)]);
    assert.deepEqual(
      decisions.map(({ kind }) => kind),
      ['yes', 'yes'],
    );
    assert.equal(isAnswered, false);
  });

  it('refuses with 503 when too many passwords wait', async () => {
    const check = basic({ entries: [['bob', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/']] });
    const answers = Array.from({ length: 260 }, (_, index) => check.check(policyRequest({ fields: [credentials(`bob:${index}`)] })));
    const decisions = await Promise.all(answers.map(decide));
    const failed = decisions.filter(({ kind }) => kind === 'failed');
    assert.ok(failed.length >= 50, `only ${failed.length} of 260`);
    assert.ok(failed.every((decision) => decision.kind === 'failed' && decision.code === 'PRT-AUTH-4'));
  });
});

describe('digest authentication', () => {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const policy: PasswordAuth = {
    kind: 'digest',
    realm: 'test auth',
    users: {
      entries: [
        ['foo', `test auth:${md5('foo:test auth:bar')}`],
        ['other', `other realm:${md5('other:other realm:bar')}`],
      ],
    },
  };
  const check = compileDigestAuth(policy, services);

  function challenge(): string {
    const decision = check.check(policyRequest());
    assert.ok(decision.kind === 'no');
    return /nonce="([^"]+)"/.exec(decision.lines)?.[1] ?? '';
  }

  interface Parts {
    readonly user?: string;
    readonly realm?: string;
    readonly password?: string;
    readonly uri?: string;
    readonly method?: string;
    readonly qop?: string;
    readonly nonce?: string;
    readonly count?: number;
    readonly nowMs?: number;
  }

  function ask(parts: Parts): AccessAnswer {
    const {
      user = 'foo',
      realm = 'test auth',
      password = 'bar',
      uri = '/x?y=1',
      method = 'GET',
      qop = 'auth',
      nonce = challenge(),
      count = 1,
    } = parts;
    const nc = count.toString(16).padStart(8, '0');
    const response = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:${nc}:c:${qop}:${md5(`${method}:${uri}`)}`);
    const values = `username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", qop=${qop}, nc=${nc}, cnonce="c", response="${response}"`;
    return check.check(
      policyRequest({
        target: '/x?y=1',
        fields: [`Authorization: Digest ${values}`],
        ...(parts.nowMs !== undefined && { nowMs: parts.nowMs }),
      }),
    );
  }

  it('lets a good answer in', () => assert.equal(ask({}).kind, 'yes'));

  const bad: readonly (readonly [what: string, parts: Parts])[] = [
    ['a wrong password', { password: 'wrong' }],
    ['an answer for another target', { uri: '/other' }],
    ['an answer for another method', { method: 'POST' }],
    ['a nonce that we never made', { nonce: 'lf0000.abc' }],
    ['a changed nonce', { nonce: `${challenge()}x` }],
    ['another realm', { realm: 'other realm', user: 'other' }],
    ['a user of another realm', { user: 'other' }],
    ['another quality of protection', { qop: 'auth-int' }],
  ];
  for (const [what, parts] of bad) {
    it(`refuses ${what}`, () => {
      const decision = ask(parts);
      assert.ok(decision.kind === 'no');
      assert.match(decision.lines, /^WWW-Authenticate: Digest realm="test auth", qop="auth", nonce="[^"]+", algorithm=MD5\r\n$/);
    });
  }

  it('tells a client that only its nonce is old', () => {
    const decision = ask({ nowMs: performance.now() + 600_000 });
    assert.ok(decision.kind === 'no');
    assert.match(decision.lines, /stale=true/);
  });

  it('lets each count of a nonce in once, in any order, and gives a new nonce then', () => {
    const nonce = challenge();
    for (const count of [2, 1, 40, 256]) assert.equal(ask({ nonce, count }).kind, 'yes');
    for (const count of [1, 2, 256, 0, 257]) {
      const decision = ask({ nonce, count });
      assert.ok(decision.kind === 'no', `count ${count}`);
      assert.match(decision.lines, /stale=true/);
    }
    assert.equal(ask({ count: 1 }).kind, 'yes');
    assert.notEqual(challenge(), challenge());
  });

  for (const field of ['Digest', 'Digest username="foo"', 'Digest username=foo, username=bar', `Digest ${'x="y", '.repeat(2000)}`]) {
    it(`refuses ${field.slice(0, 40)}`, () => {
      assert.equal(check.check(policyRequest({ fields: [`Authorization: ${field}`] })).kind, 'no');
    });
  }
});
