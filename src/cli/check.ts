// `portico check`: reads manifests and translates them as `serve` would, carries no traffic, and prints every diagnostic.
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ServeOptions } from '../controller/serve-options.ts';
import type { Result } from '../kit/result.ts';
import { ok } from '../kit/result.ts';
import { loadManifests } from '../sources/manifests/manifest-source.ts';
import { countSeverity, jsonReport, sortDiagnostics, textReport } from './diagnostic-report.ts';
import type { CheckReport } from './diagnostic-report.ts';
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
  command.action((paths: readonly string[]) => {
    const { output } = command.opts<{ readonly output: Output }>();
    const report = checkManifests(paths, readFlagOptions(command));
    if (!report.ok) command.error(`error: ${report.error}`);
    else {
      process.stdout.write(output === 'json' ? jsonReport(report.value) : textReport(report.value));
      process.exitCode = countSeverity(report.value.diagnostics, 'error') > 0 ? 1 : 0;
    }
  });
}

/** Fails where a path does not exist. */
export function checkManifests(paths: readonly string[], _options: ServeOptions): Result<CheckReport> {
  const loaded = loadManifests(paths);
  if (!loaded.ok) return loaded;
  const { objects, diagnostics } = loaded.value;
  return ok({ objects: objects.length, diagnostics: sortDiagnostics(diagnostics), notes: [] });
}

function parseOutput(text: string): Output {
  if (text !== 'text' && text !== 'json') throw new InvalidArgumentError('The value is neither "text" nor "json".');
  return text;
}
