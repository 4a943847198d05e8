// The garbage of the harness itself: tens of thousands of manifests that were written leave enough for collections of 5 to 10 ms in the middle of a
// measurement, and the observer stands still meanwhile.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects it now, before time is measured. */
export function collectOwnGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
