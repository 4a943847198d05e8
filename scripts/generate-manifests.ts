// Writes deploy/manifests from the chart. `--check` writes nothing and ends with 1 where a file is not what would be written.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { manifestFiles } from './manifests.ts';

const deployPath = join(import.meta.dirname, '../deploy');
const folder = join(deployPath, 'manifests');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const files = manifestFiles(deployPath);
const stale = files.filter(({ file, text }) => !existsSync(join(folder, file)) || readFileSync(join(folder, file), 'utf8') !== text);
const foreign = existsSync(folder) ? readdirSync(folder).filter((file) => !files.some((one) => one.file === file)) : [];

if (values.check) {
  for (const { file } of stale) process.stderr.write(`deploy/manifests/${file} is out of date: npm run manifests\n`);
  for (const file of foreign) process.stderr.write(`deploy/manifests/${file} is not generated: remove it\n`);
  process.exitCode = stale.length + foreign.length > 0 ? 1 : 0;
} else {
  mkdirSync(folder, { recursive: true });
  for (const { file, text } of stale) writeFileSync(join(folder, file), text);
  process.stdout.write(`deploy/manifests: ${stale.length} of ${files.length} files written\n`);
}
