// Manifests in, model and diagnostics out: `NAME.in.yaml` beside `NAME.out.yaml`. UPDATE_GOLDEN=1 writes the outputs anew.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runGolden } from './run-golden.ts';

const folder = import.meta.dirname;
const isUpdating = process.env['UPDATE_GOLDEN'] === '1';

describe('translation of manifests', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.in.yaml'))) {
    const name = file.slice(0, -'.in.yaml'.length);
    it(name, async () => {
      const outPath = join(folder, `${name}.out.yaml`);
      const output = await runGolden(join(folder, file));
      if (isUpdating) await writeFile(outPath, output);
      else assert.equal(output, await readFile(outPath, 'utf8'));
    });
  }
});
