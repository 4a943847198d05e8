// A change that is live at once, to know what the observer itself takes: a file that the backend opens anew for each request is replaced, and watched
// through the proxy as any change is. Only the proxy has nothing to do for it.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changedBody, controlPath, smallBody } from '../workload.ts';
import { observeChange } from './change-observer.ts';
import type { Observation } from './change-observer.ts';

export interface Control {
  readonly port: number;
  /** A host that is routed to the backend. */
  readonly host: string;
  /** Of the file; used once. */
  readonly name: string;
}

export function observeControl(controlDirectory: string, { port, host, name }: Control): Promise<Observation> {
  const path = join(controlDirectory, name);
  writeFileSync(path, smallBody);
  writeFileSync(`${path}.new`, changedBody);
  const since = performance.now();
  renameSync(`${path}.new`, path);
  return observeChange({ port, host, path: controlPath(name), since });
}
