// Loaded into Portico by the harness (`--import`): at SIGUSR2 the main thread collects its garbage, so that the harness can read what it really
// keeps. Without that, the heap of a minute is mostly garbage of which nobody knows when it goes.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    if (typeof collect === 'function') collect();
  });
}
