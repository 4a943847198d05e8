// Joins sources, translation and workers: the life of `portico serve`.
import type { ServeOptions } from './serve-options.ts';

/** Serves until a signal ends it; answers the exit code. */
export function runServe(options: ServeOptions): Promise<number> {
  process.stderr.write(`portico serve: the controller is not there yet (manifests: ${options.manifests.join(', ')})\n`);
  return Promise.resolve(1);
}
