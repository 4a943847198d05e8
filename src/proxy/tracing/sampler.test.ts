import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RequestIds } from '../exchange/request-ids.ts';
import type { IncomingTrace } from './incoming-trace.ts';
import { compileSampler } from './sampler.ts';

const LOW = `0000000000000001${'f'.repeat(16)}`;
const HIGH = `00000000000000ff${'0'.repeat(16)}`;

function parent(isSampled: boolean): IncomingTrace {
  return { traceId: LOW, parentSpanId: '00f067aa0ba902b7', isSampled, traceState: '' };
}

describe('a sampler', () => {
  test('takes all traces, or none', () => {
    assert.equal(compileSampler({ sampler: 'AlwaysOn', ratio: 0, isParentBased: true })(LOW, undefined), true);
    assert.equal(compileSampler({ sampler: 'AlwaysOff', ratio: 1, isParentBased: true })(LOW, undefined), false);
  });

  test('takes a share by the first eight bytes of the trace id, the last of them first', () => {
    const sample = compileSampler({ sampler: 'TraceIdRatioBased', ratio: 0.01, isParentBased: true });
    assert.equal(sample(LOW, undefined), true, '1/256 is below the share');
    assert.equal(sample(HIGH, undefined), false, '255/256 is above it');
    assert.equal(sample(`ffffffffffff00${'0'.repeat(18)}`, undefined), true);
  });

  test('takes nothing at a share of 0 and everything at 1', () => {
    const none = compileSampler({ sampler: 'TraceIdRatioBased', ratio: 0, isParentBased: true });
    const all = compileSampler({ sampler: 'TraceIdRatioBased', ratio: 1, isParentBased: true });
    assert.equal(none('0'.repeat(31) + '1', undefined), false);
    assert.equal(all('f'.repeat(32), undefined), true);
  });

  test('takes about its share of the ids that are made', () => {
    const ids = new RequestIds();
    const sample = compileSampler({ sampler: 'TraceIdRatioBased', ratio: 0.25, isParentBased: true });
    let taken = 0;
    for (let i = 0; i < 20_000; i++) if (sample(ids.create(), undefined)) taken++;
    // Twelve standard deviations.
    assert.ok(Math.abs(taken - 5000) < 735, `${taken} of 20000`);
  });

  test('follows its parent, if it is to', () => {
    for (const sampler of ['AlwaysOn', 'AlwaysOff'] as const) {
      const isOn = sampler === 'AlwaysOn';
      const following = compileSampler({ sampler, ratio: 0, isParentBased: true });
      assert.deepEqual([following(LOW, parent(true)), following(LOW, parent(false))], [true, false]);
      const deaf = compileSampler({ sampler, ratio: 0, isParentBased: false });
      assert.deepEqual([deaf(LOW, parent(true)), deaf(LOW, parent(false))], [isOn, isOn]);
    }
  });
});
