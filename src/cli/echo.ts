// `portico echo`: a backend for demos and tests that answers with what it was sent.
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { startEchoServer } from '../echo/echo-server.ts';
import type { EchoServer } from '../echo/echo-server.ts';

export interface EchoOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly name: string;
  readonly namespace: string;
  /** Empty: `NAME-0`. */
  readonly endpoint: string;
}

/** Adds the `echo` command to the program. */
export function addEchoCommand(program: Command): void {
  program
    .command('echo')
    .description('run a backend that answers every request with a description of it, as JSON')
    .requiredOption('--port <number>', 'port to listen on (0: a free one)', parsePort)
    .requiredOption('--name <name>', 'name that the answers carry as "backend"')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--namespace <name>', 'namespace that the answers carry', 'default')
    .option('--endpoint <name>', 'endpoint that the answers carry (default: NAME-0)', '')
    .action(async (options: EchoOptions) => {
      const server = await startOrExplain(options);
      if (server === undefined) return;
      process.stdout.write(`echo ${options.name} listens on http://${server.host}:${server.port}\n`);
      const stop = (): void => void server.close();
      process.once('SIGTERM', stop);
      process.once('SIGINT', stop);
    });
}

/** Starts the backend. Rejects with the system's error if it cannot listen. */
export async function runEcho(options: EchoOptions): Promise<EchoServer> {
  const endpoint = options.endpoint === '' ? `${options.name}-0` : options.endpoint;
  const identity = { backend: options.name, endpoint, namespace: options.namespace };
  return startEchoServer({ identity, host: options.host, port: options.port });
}

async function startOrExplain(options: EchoOptions): Promise<EchoServer | undefined> {
  try {
    return await runEcho(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`portico echo: cannot listen on ${options.host}:${options.port}: ${reason}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]+$/.test(text) || port > 65535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}
