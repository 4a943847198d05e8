import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BufferPool, OutBuffer } from '../out-buffer.ts';
import { GuardedReceiver } from './guarded-receiver.ts';

interface Rig {
  readonly out: OutBuffer;
  readonly receiver: GuardedReceiver;
  readonly reported: unknown[];
  readonly ended: number[];
}

function openRig(onFault: () => void = () => undefined): Rig {
  const out = new OutBuffer(new BufferPool(64));
  const reported: unknown[] = [];
  const ended: number[] = [];
  const receiver = new GuardedReceiver({ out, reportFault: (error) => reported.push(error) }, () => {
    ended.push(reported.length);
    onFault();
  });
  return { out, receiver, reported, ended };
}

describe('the boundary of a connection', () => {
  test('hands bytes on', () => {
    const { receiver, reported } = openRig();
    let seen = '';
    receiver.target = { onBytes: (buffer, length, isStable) => (seen = `${buffer.latin1Slice(0, length)} ${isStable}`) };
    receiver.onBytes(Buffer.from('hello'), 4, true);
    assert.equal(seen, 'hell true');
    assert.deepEqual(reported, []);
  });

  test('reports a fault, ends the connection and leaves nothing in the out buffer', () => {
    const { receiver, reported, ended, out } = openRig();
    const fault = new Error('fault');
    receiver.target = {
      onBytes: () => {
        out.appendLatin1('half a head');
        throw fault;
      },
    };
    receiver.onBytes(Buffer.from('x'), 1, false);
    assert.deepEqual(reported, [fault]);
    assert.deepEqual(ended, [1]);
    assert.equal(out.length, 0);
  });

  test('takes bytes that were left for a fault', () => {
    const { receiver, reported, ended, out } = openRig();
    receiver.target = { onBytes: () => out.appendLatin1('left') };
    receiver.onBytes(Buffer.from('x'), 1, false);
    assert.equal(reported.length, 1);
    assert.deepEqual(ended, [1]);
    assert.equal(out.length, 0);
  });

  test('survives a fault in the end itself', () => {
    const { receiver, reported } = openRig(() => {
      throw new Error('second');
    });
    receiver.target = {
      onBytes: () => {
        throw new Error('first');
      },
    };
    receiver.onBytes(Buffer.from('x'), 1, false);
    assert.equal(reported.length, 2);
  });

  test('holds for every other event too', () => {
    const { receiver, reported, ended, out } = openRig();
    receiver.run(() => undefined);
    assert.deepEqual(reported, []);
    receiver.run(() => {
      throw new Error('fault');
    });
    receiver.run(() => out.appendLatin1('left'));
    assert.deepEqual(ended, [1, 2]);
    assert.equal(out.length, 0);
  });
});
