// Loaded into Portico by tests (`node --import`): in a thread that carries traffic, the first write to a socket that the end of a read from a
// file causes is a fault.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

type Done = (...results: unknown[]) => void;

if (!isMainThread) {
  let state: 'waiting' | 'in-callback' | 'over' = 'waiting';
  const read = fs.read as (...given: unknown[]) => void;
  const faultyRead = (...given: unknown[]): void => {
    const done = given.at(-1) as Done;
    read(...given.slice(0, -1), (...results: unknown[]) => {
      if (state === 'waiting') state = 'in-callback';
      try {
        done(...results);
      } finally {
        if (state === 'in-callback') state = 'waiting';
      }
    });
  };
  Object.assign(fs, { read: faultyRead });
  syncBuiltinESMExports();
  const write = Socket.prototype.write as (this: Socket, ...given: unknown[]) => boolean;
  Object.assign(Socket.prototype, {
    write(this: Socket, ...given: unknown[]): boolean {
      if (state !== 'in-callback') return write.apply(this, given);
      state = 'over';
      throw new Error('a fault on purpose');
    },
  });
}
