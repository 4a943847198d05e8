// `portico serve`: reads the command line into `ServeOptions` and hands over to the controller.
import type { Command } from 'commander';
import type { ServeOptions } from '../controller/serve-options.ts';
import { addFlagOptions, readFlagOptions } from './flag-options.ts';
import { flagKeys } from './flags.ts';

/** Adds the `serve` command to the program. */
export function addServeCommand(program: Command): void {
  const command = program.command('serve').description('carry traffic as the manifests say, and follow their changes');
  addFlagOptions(command, flagKeys);
  command.action(async () => {
    const options = readFlagOptions(command);
    const problem = findConflict(options);
    if (problem !== undefined) command.error(`error: ${problem}`);
    // Loaded here, so that the other commands start without the data plane.
    const { runServe } = await import('../controller/run.ts');
    process.exitCode = await runServe(options);
  });
}

/** What is wrong with the options together, if anything, as a sentence. */
export function findConflict(options: ServeOptions): string | undefined {
  if (options.manifests.length === 0) return 'serve needs at least one --manifests PATH';
  if (options.watchNamespace !== undefined && options.watchNamespaceSelector !== undefined) {
    return '--watch-namespace and --watch-namespace-selector exclude each other';
  }
  const taken = [options.httpPort, options.httpsPort, options.healthzPort].filter((port) => port !== 0);
  if (new Set(taken).size !== taken.length) return '--http-port, --https-port and --healthz-port must differ';
  return undefined;
}
