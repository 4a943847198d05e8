import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

const script = `
  const { collectGarbage } = await import(${JSON.stringify(new URL('collect-garbage.ts', import.meta.url).href)});
  const garbage = new WeakRef({});
  // What a WeakRef was made of stays until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage(LEAST);
  console.log(garbage.deref() === undefined ? 'collected' : 'kept');
`;

function run(leastHeapBytes: number, ...flags: readonly string[]): string {
  const code = script.replace('LEAST', String(leastHeapBytes));
  return execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', code], { encoding: 'utf8' }).trim();
}

it('collects where the flag allows it and the heap is large, and does nothing elsewhere', () => {
  assert.equal(run(0, '--expose-gc'), 'collected');
  assert.equal(run(1e9, '--expose-gc'), 'kept');
  assert.equal(run(0), 'kept');
});
