import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NOT_LINKED, createTimerWheel } from './timer-wheel.ts';
import type { TimerWheel, WheelEntry } from './timer-wheel.ts';

class Probe implements WheelEntry {
  deadlineMs = Infinity;
  wheelTick = NOT_LINKED;
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  readonly firedMs: number[] = [];
  readonly #then: (nowMs: number) => void;

  constructor(then: (nowMs: number) => void = () => undefined) {
    this.#then = then;
  }

  onDeadline(nowMs: number): void {
    this.firedMs.push(nowMs);
    this.#then(nowMs);
  }
}

function advanceTo(wheel: TimerWheel, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += wheel.tickMs) wheel.advance(nowMs);
}

test('fires once, not before the deadline and at most a tick after it', () => {
  const wheel = createTimerWheel({ nowMs: 5000 });
  const probe = new Probe();
  wheel.schedule(probe, 5250);
  advanceTo(wheel, 5000, 8000);
  assert.deepEqual(probe.firedMs, [5300]);
  assert.equal(wheel.size, 0);
});

test('fires a deadline that has passed already at the next tick', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const probe = new Probe();
  wheel.advance(1000);
  wheel.schedule(probe, 10);
  wheel.advance(1050);
  assert.deepEqual(probe.firedMs, []);
  wheel.advance(1100);
  assert.deepEqual(probe.firedMs, [1100]);
});

test('moves a deadline later without touching the links', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const [before, probe, after] = [new Probe(), new Probe(), new Probe()];
  for (const entry of [before, probe, after]) wheel.schedule(entry, 1000);
  wheel.schedule(probe, 4000);
  assert.equal(probe.wheelPrevious, before);
  assert.equal(probe.wheelNext, after);
  assert.equal(probe.wheelTick, 10);
  advanceTo(wheel, 100, 6000);
  assert.deepEqual(probe.firedMs, [4000]);
});

test('takes a later deadline that the caller wrote into the field', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const probe = new Probe();
  wheel.schedule(probe, 500);
  probe.deadlineMs = 2000;
  advanceTo(wheel, 100, 3000);
  assert.deepEqual(probe.firedMs, [2000]);
});

test('moves a deadline earlier', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const probe = new Probe();
  wheel.schedule(probe, 5000);
  wheel.schedule(probe, 300);
  assert.equal(wheel.size, 1);
  advanceTo(wheel, 100, 6000);
  assert.deepEqual(probe.firedMs, [300]);
});

test('keeps deadlines that are further away than a turn of the wheel', () => {
  const wheel = createTimerWheel({ nowMs: 0, tickMs: 100, slots: 8 });
  const probes = [700, 800, 900, 2400, 2500].map((deadlineMs) => {
    const probe = new Probe();
    wheel.schedule(probe, deadlineMs);
    return probe;
  });
  advanceTo(wheel, 100, 5000);
  assert.deepEqual(
    probes.map((probe) => probe.firedMs),
    [[700], [800], [900], [2400], [2500]],
  );
});

test('catches up after a stall of several turns, and does nothing when the clock goes back', () => {
  const wheel = createTimerWheel({ nowMs: 0, tickMs: 100, slots: 8 });
  const probes = [100, 750, 2000, 90_000].map((deadlineMs) => {
    const probe = new Probe();
    wheel.schedule(probe, deadlineMs);
    return probe;
  });
  wheel.advance(50_000);
  wheel.advance(10);
  assert.deepEqual(
    probes.map((probe) => probe.firedMs),
    [[50_000], [50_000], [50_000], []],
  );
  advanceTo(wheel, 50_100, 91_000);
  assert.deepEqual(probes.at(-1)?.firedMs, [90_000]);
});

test('a callback may cancel or schedule any entry of the same tick, its own too', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const cancelled = new Probe();
  const moved = new Probe();
  const first = new Probe((nowMs) => {
    wheel.cancel(cancelled);
    wheel.schedule(moved, nowMs + 500);
    if (first.firedMs.length < 3) wheel.schedule(first, nowMs + 100);
  });
  for (const entry of [first, cancelled, moved]) wheel.schedule(entry, 100);
  advanceTo(wheel, 100, 2000);
  assert.deepEqual(first.firedMs, [100, 200, 300]);
  assert.deepEqual(cancelled.firedMs, []);
  assert.deepEqual(moved.firedMs, [800]);
  assert.equal(wheel.size, 0);
});

test('a callback that throws loses no other entry', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const bad = new Probe(() => {
    throw new Error('callback');
  });
  const good = new Probe();
  wheel.schedule(bad, 100);
  wheel.schedule(good, 100);
  assert.throws(() => wheel.advance(100), /callback/);
  wheel.advance(110);
  assert.deepEqual(good.firedMs, [110]);
  assert.deepEqual(bad.firedMs, [100]);
});

test('cancelling twice or an entry that was never scheduled changes nothing', () => {
  const wheel = createTimerWheel({ nowMs: 0 });
  const probe = new Probe();
  wheel.cancel(probe);
  wheel.schedule(probe, 100);
  wheel.cancel(probe);
  wheel.cancel(probe);
  wheel.advance(1000);
  assert.deepEqual(probe.firedMs, []);
  assert.equal(wheel.size, 0);
});

test('refuses a number of slots that is no power of two', () => {
  for (const slots of [0, 1, 12]) assert.throws(() => createTimerWheel({ nowMs: 0, slots }), RangeError);
});

test('fires exactly what a list of deadlines would fire', () => {
  const step = fc.record({
    operation: fc.constantFrom('schedule', 'schedule', 'cancel', 'advance'),
    entry: fc.integer({ min: 0, max: 4 }),
    amountMs: fc.integer({ min: -200, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wheel = createTimerWheel({ nowMs: 1000, tickMs: 10, slots: 16 });
      const probes = Array.from({ length: 5 }, () => new Probe());
      const deadlines = new Map<Probe, number>();
      let nowMs = 1000;
      for (const { operation, entry, amountMs } of steps) {
        const probe = probes[entry] ?? assert.fail();
        if (operation === 'schedule') {
          wheel.schedule(probe, nowMs + amountMs);
          deadlines.set(probe, nowMs + amountMs);
        } else if (operation === 'cancel') {
          wheel.cancel(probe);
          deadlines.delete(probe);
        } else {
          // Two ticks later at least, so that whatever is past its deadline by then is past its tick boundary too.
          nowMs += 20 + Math.abs(amountMs);
          const firedBefore = new Map(probes.map((each) => [each, each.firedMs.length]));
          wheel.advance(nowMs);
          for (const each of probes) {
            const deadlineMs = deadlines.get(each) ?? Infinity;
            const fired = each.firedMs.length - (firedBefore.get(each) ?? 0);
            assert.ok(fired <= 1);
            if (fired === 1) assert.ok(deadlineMs <= nowMs);
            if (deadlineMs <= nowMs - 20) assert.equal(fired, 1);
            if (fired === 1) deadlines.delete(each);
          }
        }
        assert.equal(wheel.size, deadlines.size);
      }
    }),
  );
});
