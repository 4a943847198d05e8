// The oracle must be able to say no: an answer of an old version after a newer one was seen, of a backend that is gone, of nobody.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { History, View } from './history.ts';
import { DEFAULT_CERTIFICATE, judgeAnswer, judgeCertificate } from './oracle.ts';

const answer = (status: number, backend = '', marker = ''): { status: number; backend: string; marker: string } => ({
  status,
  backend,
  marker,
});

describe('the oracle', () => {
  let nowMs: number;
  let history: History;
  let view: View;

  beforeEach(() => {
    nowMs = 0;
    history = new History(() => nowMs);
    view = new View(1);
    history.write('service', 'web', true);
    history.write('slice', 'web', ['a', 'b']);
    history.write('secret', 'shop', 'first');
    history.write('ingress', 'shop', { service: 'web', marker: 'v1', secret: 'shop' });
    view.raise('ingress', 'shop', 1);
    view.raise('service', 'web', 1);
    view.raise('slice', 'web', 1);
    view.raise('secret', 'shop', 1);
  });

  const judge = (seen: { status: number; backend: string; marker: string }, floors = view.snapshot()): boolean =>
    judgeAnswer({ history, view, floors }, 'shop', seen);
  const judgeName = (commonName: string): boolean => judgeCertificate({ history, view, floors: view.snapshot() }, 'shop', commonName);

  it('knows the right answers and no other where nothing changes', () => {
    assert.ok(judge(answer(200, 'a', 'v1')));
    assert.ok(judge(answer(200, 'b', 'v1')));
    for (const wrong of [answer(200, 'c', 'v1'), answer(200, 'a', 'v0'), answer(404), answer(503), answer(502), answer(503, 'a', 'v1')]) {
      assert.ok(!judge(wrong), JSON.stringify(wrong));
    }
  });

  it('lets both sides of a change pass until the new one was seen, and requests that began before', () => {
    history.write('slice', 'web', ['c']);
    const before = view.snapshot();
    assert.ok(judge(answer(200, 'a', 'v1')));
    assert.ok(judge(answer(200, 'c', 'v1')));
    assert.ok(!judge(answer(200, 'a', 'v1')));
    assert.ok(judge(answer(200, 'a', 'v1'), before));
  });

  it('learns nothing from the answer of one of several workers', () => {
    view = new View(2);
    view.raise('ingress', 'shop', 1);
    history.write('slice', 'web', ['c']);
    assert.ok(judge(answer(200, 'c', 'v1')));
    assert.ok(judge(answer(200, 'a', 'v1')));
    view.raise('slice', 'web', 2);
    assert.ok(!judge(answer(200, 'a', 'v1')));
  });

  it('does not take the answer of a version that is not written yet', () => {
    assert.ok(!judge(answer(200, 'a', 'v2')));
    history.write('ingress', 'shop', { service: 'web', marker: 'v2', secret: 'shop' });
    assert.ok(judge(answer(200, 'a', 'v2')));
    assert.ok(!judge(answer(200, 'a', 'v1')));
  });

  it('takes every order of changes of two kinds, but each for itself forward only', () => {
    history.write('service', 'web', undefined);
    history.write('ingress', 'shop', undefined);
    assert.ok(judge(answer(503)));
    assert.ok(!judge(answer(200, 'a', 'v1')));
    assert.ok(judge(answer(404)));
    assert.ok(!judge(answer(503)));
  });

  it('forgives an Ingress that was made anew the default certificate after two seconds, until the right one was shown', () => {
    history.write('ingress', 'shop', undefined);
    history.write('ingress', 'shop', { service: 'web', marker: 'v2', secret: 'shop' });
    view.raise('ingress', 'shop', 3);
    assert.ok(!judgeName(DEFAULT_CERTIFICATE));
    nowMs = 2_000;
    history.write('ingress', 'shop', { service: 'web', marker: 'v3', secret: 'shop' });
    view.raise('ingress', 'shop', 4);
    assert.ok(judgeName(DEFAULT_CERTIFICATE));
    assert.ok(judgeName('first'));
    assert.ok(!judgeName(DEFAULT_CERTIFICATE));
  });

  it('judges certificates the same way', () => {
    assert.ok(judgeName('first'));
    assert.ok(!judgeName(DEFAULT_CERTIFICATE));
    history.write('secret', 'shop', 'second');
    assert.ok(judgeName('first'));
    assert.ok(judgeName('second'));
    assert.ok(!judgeName('first'));
    history.write('ingress', 'shop', undefined);
    assert.ok(judgeName(DEFAULT_CERTIFICATE));
    assert.ok(!judgeName('second'));
  });
});
