import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCaseFile } from './case-format.ts';

const directory = join(import.meta.dirname, 'cases', 'ingress');

test('every case file is of the format and every id is unique', () => {
  const ids = new Set<string>();
  let count = 0;
  for (const name of readdirSync(directory)) {
    const file = loadCaseFile(join(directory, name));
    assert.equal(`${file.topic}.yaml`, name);
    for (const one of file.cases) {
      count++;
      ids.add(one.id);
    }
  }
  assert.ok(count > 400);
  assert.equal(ids.size, count);
});
