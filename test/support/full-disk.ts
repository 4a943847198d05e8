// Loaded into Portico by tests (`node --import`): the disk has no room, which a write learns after a while.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const LEARNT_AFTER_MS = 300;

Object.assign(fs, {
  writev(_fd: number, _pieces: unknown, _position: number, callback: (error: Error, written: number) => void) {
    setTimeout(callback, LEARNT_AFTER_MS, new Error('ENOSPC: no space left on device, writev'), 0);
  },
});
syncBuiltinESMExports();
