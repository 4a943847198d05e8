import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AdmissionVerdict } from '../../translate/admission.ts';
import { AdmissionChecks } from './checks.ts';
import { formatReview, parseReview } from './review.ts';

const KIND = { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' };

function review(request: object = {}, rest: object = {}): string {
  const object = ingress('nginx');
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u-1', kind: KIND, namespace: 'shop', name: 'web', object, ...request },
    ...rest,
  });
}

function ingress(ingressClassName: string, spec: object = {}): object {
  const rules = [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }];
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' }, spec: { ingressClassName, rules, ...spec } };
}

function statusOf(body: string): number | undefined {
  const parsed = parseReview(body);
  return parsed.ok ? undefined : parsed.error.status;
}

describe('AdmissionReview', () => {
  it('is taken in version v1, for Ingresses only', () => {
    assert.equal(statusOf(review()), undefined);
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '{}',
      review({}, { apiVersion: 'admission.k8s.io/v1beta1' }),
      review({}, { request: undefined }),
    ]) {
      assert.equal(statusOf(body), 400, body);
    }
    assert.equal(statusOf(review({ uid: '' })), 400);
    assert.equal(statusOf(review({ kind: undefined })), 400);
    assert.equal(statusOf(review({ name: 'x'.repeat(254) })), 400);
    assert.equal(statusOf(review({ namespace: 'x'.repeat(64) })), 400);
    assert.equal(statusOf(review({ name: 'x'.repeat(253), namespace: 'x'.repeat(63) })), undefined);
    assert.equal(statusOf(review({ kind: { ...KIND, kind: 'IngressClass' } })), 500);
    assert.equal(statusOf(review({ kind: { ...KIND, version: 'v1beta1' } })), 500);
  });

  it('is answered with bounded warnings of one line each', () => {
    const warnings = [`a\nb\r\n${'x'.repeat(1000)}`, ...Array.from({ length: 100 }, () => 'more')];
    const answer = JSON.parse(formatReview('u-1', { kind: 'refused', reason: 'no', warnings })) as {
      response: { uid: string; allowed: boolean; status: object; warnings: string[] };
    };
    assert.equal(answer.response.uid, 'u-1');
    assert.equal(answer.response.allowed, false);
    assert.deepEqual(answer.response.status, { status: 'Failure', code: 400, reason: 'BadRequest', message: 'no' });
    assert.equal(answer.response.warnings.length, 20);
    assert.ok(answer.response.warnings.every((text) => text.length <= 256 && !/[\r\n]/.test(text)));
  });
});

describe('the checks', () => {
  const refusing: AdmissionVerdict = { kind: 'refused', reason: 'bad', warnings: [] };
  const create = (verdict: AdmissionVerdict): AdmissionChecks =>
    new AdmissionChecks({
      check: () => verdict,
      isOurs: ({ spec }) => spec.ingressClassName === 'nginx',
      nowMs: () => 0,
      onRefusal: () => undefined,
    });
  const isAllowed = (checks: AdmissionChecks, body: string): boolean => {
    const answer = checks.review(body);
    assert.ok(answer.ok);
    return (JSON.parse(answer.value) as { response: { allowed: boolean } }).response.allowed;
  };

  it('let deletions pass, and unreadable objects of other classes only', () => {
    const checks = create({ kind: 'allowed', warnings: [] });
    assert.equal(isAllowed(create(refusing), review()), false);
    assert.equal(isAllowed(create(refusing), review({ object: null, operation: 'DELETE' })), true);
    assert.equal(isAllowed(checks, review({ object: ingress('nginx', { rules: 'none' }) })), false);
    assert.equal(isAllowed(checks, review({ object: ingress('other', { rules: 'none' }) })), true);
    assert.equal(isAllowed(checks, review({ object: 'text' })), false);
    assert.equal(isAllowed(checks, review({ object: { ...ingress('nginx'), kind: 'Service' } })), false);
  });

  it('give reasons of a bounded length, to the log too', () => {
    const logged: string[] = [];
    const checks = new AdmissionChecks({
      check: () => ({ ...refusing, reason: 'x'.repeat(1_000_000) }),
      isOurs: () => true,
      nowMs: () => 0,
      onRefusal: (_ingress, reason) => logged.push(reason),
    });
    const answer = checks.review(review());
    assert.ok(answer.ok && answer.value.length < 3_000);
    assert.ok(logged.length === 1 && logged.join('').length < 3_000);
  });

  it('are counted by Ingress, for a bounded number of them', () => {
    const checks = create(refusing);
    isAllowed(checks, review());
    isAllowed(checks, review());
    assert.deepEqual(checks.metrics.checks, [{ namespace: 'shop', ingress: 'web', success: 0, errors: 2 }]);
    for (let index = 0; index < 3000; index++) isAllowed(checks, review({ name: `web-${index}` }));
    assert.equal(checks.metrics.checks.length, 2000);
  });
});
