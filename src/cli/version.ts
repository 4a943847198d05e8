// `portico version` and `portico --version`.
import type { Command } from 'commander';
import packageFile from '../../package.json' with { type: 'json' };

/** `portico 0.1.0 (Node 24.21.0, linux-x64)`. */
export function versionLine(): string {
  return `portico ${packageFile.version} (Node ${process.versions.node}, ${process.platform}-${process.arch})`;
}

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('print the versions of Portico and of Node')
    .action(() => {
      process.stdout.write(`${versionLine()}\n`);
    });
}
