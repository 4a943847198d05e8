// The command line of Portico: which commands there are, and what a mistake in it looks like.
// Exit codes: 0 done, 1 the command failed, 2 the command line is wrong.
import { Command, CommanderError } from 'commander';
import { normaliseArguments } from './arguments.ts';
import { addCheckCommand } from './check.ts';
import { addEchoCommand } from './echo.ts';
import { addServeCommand } from './serve.ts';
import { addWebhookCertsCommand } from './webhook-certs.ts';
import { addVersionCommand, versionLine } from './version.ts';

const USAGE_ERROR = 2;

/** Builds the program without running anything; the reference page of the commands is made from it too. */
export function createProgram(): Command {
  const program = new Command('portico')
    .description('Kubernetes ingress controller: manifests in, traffic through, no reload')
    .version(versionLine(), '--version', 'print the versions of Portico and of Node')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ helpWidth: 100, showGlobalOptions: false });
  addServeCommand(program);
  addCheckCommand(program);
  addEchoCommand(program);
  addWebhookCertsCommand(program);
  addVersionCommand(program);
  for (const command of program.commands) {
    command.helpOption('-h, --help', 'print this help').showHelpAfterError(`("portico ${command.name()} --help" lists the options)`);
  }
  return program.showHelpAfterError('("portico --help" lists the commands)');
}

/**
 * Runs the command that the arguments name. `argv` is without the names of the executable and of the script. A failure is left in
 * `process.exitCode`; only faults of Portico reject.
 */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const { args, notes, problems } = normaliseArguments(argv);
  for (const note of notes) process.stderr.write(`portico: ${note}\n`);
  for (const problem of problems) process.stderr.write(`error: ${problem}\n`);
  if (problems.length > 0) {
    process.exitCode = USAGE_ERROR;
    return;
  }
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed the message, or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  }
}
