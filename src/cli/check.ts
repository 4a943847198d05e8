// `portico check`: reads manifests and translates them as `serve` would, carries no traffic, and prints every diagnostic.
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { countSeverity, jsonReport, textReport } from './diagnostic-report.ts';
import { addFlagOptions, readFlagOptions } from './flag-options.ts';
import { flagKeys, flags } from './flags.ts';

type Output = 'text' | 'json';

/** Adds the `check` command to the program. */
export function addCheckCommand(program: Command): void {
  const command = program
    .command('check')
    .description('read manifests and print what is wrong with them; ends with 1 where there is an error')
    .argument('<paths...>', 'directories and files with Kubernetes manifests')
    .option('--output <format>', '"text", or "json"', parseOutput, 'text');
  addFlagOptions(
    command,
    flagKeys.filter((key) => flags[key].use === 'translation'),
  );
  command.action(async (paths: readonly string[]) => {
    // Loaded here, so that the other commands start without it.
    const { checkManifests } = await import('./check-manifests.ts');
    const { output } = command.opts<{ readonly output: Output }>();
    const report = checkManifests(paths, readFlagOptions(command));
    if (!report.ok) command.error(`error: ${report.error}`);
    else {
      process.stdout.write(output === 'json' ? jsonReport(report.value) : textReport(report.value));
      process.exitCode = countSeverity(report.value.diagnostics, 'error') > 0 ? 1 : 0;
    }
  });
}

function parseOutput(text: string): Output {
  if (text !== 'text' && text !== 'json') throw new InvalidArgumentError('The value is neither "text" nor "json".');
  return text;
}
