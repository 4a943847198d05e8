import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleShedder, type SheddableConnection } from './idle-shedder.ts';

class Connection implements SheddableConnection {
  looks = 0;
  isClosed = false;
  isBusy: boolean;

  constructor(isBusy: boolean) {
    this.isBusy = isBusy;
  }

  get isIdle(): boolean {
    this.looks++;
    return !this.isBusy && !this.isClosed;
  }

  close(): void {
    this.isClosed = true;
  }
}

test('closes the oldest that is idle, one at a time', () => {
  const connections = [new Connection(true), new Connection(false), new Connection(false)];
  const shedder = new IdleShedder(connections);
  assert.equal(shedder.shed(0), true);
  assert.deepEqual(
    connections.map(({ isClosed }) => isClosed),
    [false, true, false],
  );
  assert.equal(shedder.shed(0), true);
  assert.equal(connections[2]?.isClosed, true);
});

test('where none is idle, many new connections cost one look at all', () => {
  const busy = new Connection(true);
  const shedder = new IdleShedder([busy]);
  for (let i = 0; i < 1000; i++) assert.equal(shedder.shed(10 + i / 100), false);
  assert.equal(busy.looks, 1);
  busy.isBusy = false;
  assert.equal(shedder.shed(100), true);
});
