// `portico serve`: reads the command line into `ServeOptions` and hands over to the controller.
import type { Command } from 'commander';
import type { ServeOptions } from '../controller/serve-options.ts';
import { addFlagOptions, readFlagOptions } from './flag-options.ts';
import { flagKeys, flags } from './flags.ts';

/** Adds the `serve` command to the program. */
export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .description('carry traffic as the objects of a cluster, or of manifests, say, and follow their changes');
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
  const isManifests = options.manifests.length > 0;
  const clusterFlags = ['kubeconfig', 'apiserverHost', 'certificateAuthority', 'snapshot'] as const;
  const needless = clusterFlags.find((key) => isManifests && options[key] !== '');
  if (needless !== undefined) return `--${flags[needless].name} and --manifests exclude each other: objects come from one place`;
  if (options.watchNamespace !== undefined && options.watchNamespaceSelector !== undefined) {
    return '--watch-namespace and --watch-namespace-selector exclude each other';
  }
  if (options.publishService !== undefined && options.publishStatusAddress.length > 0) {
    return '--publish-service and --publish-status-address exclude each other';
  }
  const { validatingWebhook, validatingWebhookCertificate, validatingWebhookKey } = options;
  if (validatingWebhook !== undefined && (validatingWebhookCertificate === '' || validatingWebhookKey === '')) {
    return '--validating-webhook needs --validating-webhook-certificate and --validating-webhook-key';
  }
  const taken = [options.httpPort, options.httpsPort, options.healthzPort].filter((port) => port !== 0);
  if (new Set(taken).size !== taken.length) return '--http-port, --https-port and --healthz-port must differ';
  return undefined;
}
