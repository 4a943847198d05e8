import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

const script = `
  const { collectGarbage } = await import(${JSON.stringify(new URL('collect-garbage.ts', import.meta.url).href)});
  const garbage = new WeakRef({});
  // What a WeakRef was made of stays until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  console.log(garbage.deref() === undefined ? 'collected' : 'kept');
`;

function run(...flags: readonly string[]): string {
  return execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], { encoding: 'utf8' }).trim();
}

it('collects where the flag allows it, and does nothing elsewhere', () => {
  assert.equal(run('--expose-gc'), 'collected');
  assert.equal(run(), 'kept');
});
