// Writes the pages of docs/reference, and docs/compatibility.md, from the registries of the program, so that they cannot disagree with it.
// `--check` writes nothing and ends with 1 where a page is not what would be written.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { REFERENCE_FOLDER, referencePages } from './reference-pages.ts';

const folder = fileURLToPath(new URL('../docs/', import.meta.url));
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const pages = referencePages();
const known = new Set(pages.map(({ file }) => file));
const stale = pages.filter(({ file, text }) => !existsSync(folder + file) || readFileSync(folder + file, 'utf8') !== text);
const reference = folder + REFERENCE_FOLDER;
const present = existsSync(reference) ? readdirSync(reference).map((file) => REFERENCE_FOLDER + file) : [];
const foreign = present.filter((file) => !known.has(file));

if (values.check) {
  for (const { file } of stale) process.stderr.write(`docs/${file} is out of date: npm run docs\n`);
  for (const file of foreign) process.stderr.write(`docs/${file} is not generated: remove it\n`);
  process.exitCode = stale.length + foreign.length > 0 ? 1 : 0;
} else {
  mkdirSync(reference, { recursive: true });
  for (const { file, text } of stale) writeFileSync(folder + file, text);
  process.stdout.write(`docs: ${stale.length} of ${pages.length} pages written\n`);
}
