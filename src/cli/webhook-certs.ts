// `portico webhook-certs`: makes and renews the certificate of the admission webhook, and tells the API server whom to trust. Run by the
// Jobs of the chart; the options are those of ingress-nginx's kube-webhook-certgen as far as its chart uses them.
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import packageFile from '../../package.json' with { type: 'json' };
import type { Result } from '../kit/result.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../resources/names.ts';
import type { WebhookContext } from '../webhook-certs/webhook-secret.ts';

interface CommonOptions {
  readonly namespace: string;
  readonly secretName: string;
  readonly kubeconfig: string;
}

interface CreateOptions extends CommonOptions {
  readonly host: readonly string[];
}

interface PatchOptions extends CommonOptions {
  readonly webhookName: string;
  readonly patchFailurePolicy: 'Fail' | 'Ignore' | undefined;
}

/** For everything that one run asks of the API server. */
const RUN_LIMIT_MS = 60_000;

/** Adds the `webhook-certs` command to the program. */
export function addWebhookCertsCommand(program: Command): void {
  const command = program
    .command('webhook-certs')
    .description('make the certificate of the admission webhook, and enter it into the API server');
  const create = command
    .command('create')
    .description('keep a certificate and its authority in a Secret; one that is good stays, another is renewed')
    .requiredOption('--host <names>', 'DNS names of the webhook, separated by commas', parseHosts);
  addCommonOptions(create).action(async (options: CreateOptions) => {
    const { ensureCertificate } = await import('../webhook-certs/webhook-secret.ts');
    const secret = { namespace: options.namespace, name: options.secretName };
    await run(options, (context) => ensureCertificate(secret, options.host, context));
  });
  const patch = command
    .command('patch')
    .description('enter the authority of the Secret into a ValidatingWebhookConfiguration')
    .requiredOption('--webhook-name <name>', 'name of the ValidatingWebhookConfiguration', parseName)
    .addOption(new Option('--patch-failure-policy <policy>', 'what happens where the webhook does not answer').choices(['Fail', 'Ignore']));
  addCommonOptions(patch).action(async (options: PatchOptions) => {
    const { patchWebhook } = await import('../webhook-certs/webhook-secret.ts');
    const secret = { namespace: options.namespace, name: options.secretName };
    const { webhookName, patchFailurePolicy: failurePolicy } = options;
    await run(options, (context) => patchWebhook({ secret, webhookName, failurePolicy }, context));
  });
}

function addCommonOptions(command: Command): Command {
  return command
    .requiredOption('--namespace <name>', 'namespace of the Secret', parseNamespaceName)
    .requiredOption('--secret-name <name>', 'name of the Secret, with the keys ca, cert and key', parseName)
    .option('--kubeconfig <file>', 'way to the API server; without it that of the pod', '')
    .helpOption('-h, --help', 'print this help');
}

async function run({ kubeconfig }: CommonOptions, work: (context: WebhookContext) => Promise<Result<string>>): Promise<void> {
  const { connectCluster } = await import('../controller/cluster-access.ts');
  const client = await connectCluster({ kubeconfig, apiserverHost: '', certificateAuthority: '', snapshot: '' }, packageFile.version);
  if (!client.ok) return end(client);
  try {
    end(await work({ client: client.value, nowMs: Date.now(), signal: AbortSignal.timeout(RUN_LIMIT_MS) }));
  } finally {
    client.value.close();
  }
}

function end(result: Result<unknown>): void {
  if (result.ok) process.stdout.write(`${String(result.value)}\n`);
  else {
    process.stderr.write(`error: ${result.error}\n`);
    process.exitCode = 1;
  }
}

function parseHosts(text: string): readonly string[] {
  const names = text.split(',').filter((name) => name !== '');
  if (names.length === 0) throw new InvalidArgumentError('The value names no host.');
  for (const name of names) checked(name, checkDnsSubdomain(name));
  return names;
}

function parseName(text: string): string {
  return checked(text, checkDnsSubdomain(text));
}

function parseNamespaceName(text: string): string {
  return checked(text, checkDnsLabel(text));
}

function checked(text: string, problem: string | undefined): string {
  if (problem !== undefined) throw new InvalidArgumentError(`${JSON.stringify(text)} ${problem}.`);
  return text;
}
