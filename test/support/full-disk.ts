// Loaded into Portico by tests (`node --import`): the disk has no room, which a write learns once there is a file of the name in
// DISK_IS_FULL_WITH.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const POLL_MS = 10;
const sign = process.env['DISK_IS_FULL_WITH'] ?? '';

Object.assign(fs, {
  writev(_fd: number, _pieces: unknown, _position: number, callback: (error: Error, written: number) => void) {
    const learn = (): void => {
      if (fs.existsSync(sign)) callback(new Error('ENOSPC: no space left on device, writev'), 0);
      else setTimeout(learn, POLL_MS);
    };
    setTimeout(learn, POLL_MS);
  },
});
syncBuiltinESMExports();
