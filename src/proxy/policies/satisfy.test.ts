import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessAnswer, AccessCheck, AccessDecision } from './access-check.ts';
import { NO_OPINION, YES } from './access-check.ts';
import { policyRequest } from './policy-request-fixture.ts';
import type { PolicyVerdict } from './policy.ts';
import { joinChecks } from './satisfy.ts';

const forbidden: AccessDecision = { kind: 'no', status: 403, code: 'PRT-ACCESS-1', lines: '' };
const unauthorized: AccessDecision = { kind: 'no', status: 401, code: 'PRT-AUTH-1', lines: '' };
const failed: AccessDecision = { kind: 'failed', code: 'PRT-AUTH-3' };

const answers = { yes: YES, '-': NO_OPINION, 403: forbidden, 401: unauthorized, fail: failed } as const;
type Word = keyof typeof answers;

/** What the checks say in order, and what becomes of the request: nginx's `ngx_http_core_access_phase`. */
const rows: readonly (readonly [satisfy: 'all' | 'any', said: readonly Word[], outcome: string])[] = [
  ['all', [], 'continue'],
  ['all', ['-'], 'continue'],
  ['all', ['yes', 'yes', 'yes'], 'continue'],
  ['all', [403, 'yes'], '403'],
  ['all', ['yes', 401, 403], '401'],
  ['all', ['-', 'yes', 'fail'], '500'],
  ['any', [], 'continue'],
  ['any', ['-', '-'], 'continue'],
  ['any', ['-', 401], '401'],
  ['any', ['-', 'yes'], 'continue'],
  ['any', [403, 'yes'], 'continue'],
  ['any', [403, 401], '401'],
  ['any', [401, 403], '401'],
  ['any', [403, 403], '403'],
  ['any', ['yes', 'fail'], 'continue'],
  ['any', [401, 'fail'], '500'],
];

function checkThatSays(word: Word, isLate: boolean): AccessCheck {
  const decision = answers[word];
  const late: AccessAnswer = {
    kind: 'later',
    start: (resume) => {
      const timer = setImmediate(() => resume(decision));
      return () => clearImmediate(timer);
    },
  };
  return { check: () => (isLate ? late : decision) };
}

async function settle(verdict: PolicyVerdict): Promise<PolicyVerdict> {
  if (verdict.kind !== 'wait') return verdict;
  return settle(await new Promise<PolicyVerdict>((resolve) => verdict.start(resolve)));
}

function describeVerdict(verdict: PolicyVerdict): string {
  if (verdict.kind !== 'refuse') return verdict.kind;
  return verdict.code === 'PRT-AUTH-3' ? '500' : String(verdict.status);
}

describe('satisfy', () => {
  for (const [satisfy, said, outcome] of rows) {
    for (const late of ['none', 'all', 'first', 'last'] as const) {
      it(`${satisfy} of [${said.join(', ')}] is ${outcome} (answers that come later: ${late})`, async () => {
        const isLate = (index: number): boolean =>
          late === 'all' || (late === 'first' && index === 0) || (late === 'last' && index === said.length - 1);
        const checks = said.map((word, index) => checkThatSays(word, isLate(index)));
        const policy = joinChecks(satisfy, checks, (_request, { status, code, lines }) => ({ kind: 'refuse', status, code, lines }));
        assert.equal(describeVerdict(await settle(policy.onRequest(policyRequest()))), outcome);
      });
    }
  }

  it('does not ask a later check once one has decided', () => {
    let isAsked = false;
    const spy: AccessCheck = {
      check: () => {
        isAsked = true;
        return YES;
      },
    };
    const policy = joinChecks('all', [checkThatSays(403, false), spy], (_request, { code }) => ({ kind: 'refuse', code }));
    policy.onRequest(policyRequest());
    assert.equal(isAsked, false);
  });

  it('does not go on after it was cancelled', async () => {
    const policy = joinChecks('any', [checkThatSays(401, true), checkThatSays('yes', false)], (_request, { code }) => ({
      kind: 'refuse',
      code,
    }));
    const verdict = policy.onRequest(policyRequest());
    assert.ok(verdict.kind === 'wait');
    let isResumed = false;
    verdict.start(() => (isResumed = true))();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(isResumed, false);
  });
});
