import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PATIENCE_MS } from '../test/support/polling.ts';
import { createProcessKeeper } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import { waitFor } from './wait.ts';

function start(directory: string, script: string): ManagedProcess {
  return createProcessKeeper().start({
    command: 'sh',
    args: ['-c', script],
    cores: [],
    stdoutPath: join(directory, 'stdout'),
    stderrPath: join(directory, 'stderr'),
  });
}

test('stopping a program ends its children too, even those that ignore the signal', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-processes-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const running = start(directory, '(trap "" TERM; while true; do sleep 1; done) & echo "child $!"; wait');
  const readChild = (): string | undefined => /^child (\d+)$/m.exec(readFileSync(join(directory, 'stdout'), 'utf8'))?.[1];
  const check = (): Promise<boolean> => Promise.resolve(readChild() !== undefined);
  await waitFor({ what: 'the child', timeoutMs: PATIENCE_MS, pollMs: 5, process: running, check });
  const child = readChild() ?? '';
  assert.ok(existsSync(`/proc/${child}`));
  await running.stop();
  assert.equal(running.isRunning(), false);
  const isGone = (): Promise<boolean> =>
    Promise.resolve(!existsSync(`/proc/${child}`) || readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z '));
  await waitFor({
    what: 'the end of the child',
    timeoutMs: PATIENCE_MS,
    pollMs: 5,
    process: { ...running, isRunning: () => true },
    check: isGone,
  });
});

test('a program that ends while it is waited for is reported with what it complained about', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-processes-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const running = start(directory, 'echo "error: no such port" >&2; echo bye; exit 3');
  const waiting = waitFor({ what: 'it', timeoutMs: PATIENCE_MS, pollMs: 5, process: running, check: () => Promise.resolve(false) });
  await assert.rejects(waiting, /it ended: error: no such port/);
  assert.equal(await running.exited, 3);
});
