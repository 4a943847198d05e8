import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../../../test/support/polling.ts';
import { createAccessLogWriter } from './access-log-writer.ts';

interface Report {
  readonly isFlushed: boolean;
  readonly droppedLines: number;
  readonly errors: readonly string[];
}

const fixture = fileURLToPath(new URL('./log-writer-fixture.ts', import.meta.url));

/** Runs the fixture with its standard output in a pipe of the system to the shell command `reader`; `hasEnded` is true there afterwards. */
async function runPiped(lines: number, backlog: number, reader: string): Promise<{ report: Report; output: string; code: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'portico-log-'));
  // The shell's own exit status is that of the fixture, not of the reader.
  const script = `ended="$4"; hasEnded() { [ -e "$ended" ]; }; { "$0" "$1" "$2" "$3" 2>&3; echo "$?" >&4; : >"$4"; } | { ${reader}; }`;
  const child = spawn('/bin/sh', ['-c', script, process.execPath, fixture, String(lines), String(backlog), join(directory, 'ended')], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  const texts = ['', '', ''];
  for (const [place, stream] of [child.stdout, child.stdio[3], child.stdio[4]].entries()) {
    stream?.on('data', (chunk: Buffer) => (texts[place] += chunk.toString('latin1')));
  }
  await once(child, 'close');
  await rm(directory, { recursive: true });
  return { output: texts[0] ?? '', report: JSON.parse(texts[1] ?? '') as Report, code: Number(texts[2]) };
}

test('writes every line to a pipe that is read', async () => {
  const { report, output, code } = await runPiped(3000, 16 * 1024 * 1024, 'cat');
  const lines = output.split('\n');
  assert.equal(lines.length, 3002);
  assert.equal(
    lines.findIndex((line, i) => i < 3000 && !line.startsWith(`${i} x`)),
    -1,
  );
  assert.equal(lines[3000], 'last');
  assert.deepEqual([report.isFlushed, report.droppedLines, report.errors, code], [true, 0, [], 0]);
});

test('drops whole lines and counts them when the reader is slow, and still ends', async () => {
  // Nothing is read before the writer has given up; then everything that was kept.
  const { report, output, code } = await runPiped(
    3000,
    1024 * 1024,
    'i=0; until hasEnded || [ $((i += 1)) -gt 600 ]; do sleep 0.1; done; cat',
  );
  assert.equal(report.isFlushed, false);
  assert.ok(report.droppedLines > 1000 && report.droppedLines < 3001, String(report.droppedLines));
  assert.deepEqual([report.errors, code], [[], 0]);
  // What stands in the pipe is all whole lines but the last, which the end of the process cut.
  const lines = output.split('\n').slice(0, -1);
  assert.ok(lines.length > 10);
  assert.equal(
    lines.findIndex((line, i) => line.length !== 1023 || !line.startsWith(`${i} x`)),
    -1,
  );
});

test('survives a reader that goes away', async () => {
  const { report, code } = await runPiped(3000, 16 * 1024 * 1024, 'exec <&-; sleep 1');
  assert.equal(code, 0);
  assert.equal(report.errors.length, 1);
  assert.match(report.errors[0] ?? '', /EPIPE/);
  assert.ok(report.droppedLines > 2900, String(report.droppedLines));
});

test('appends to a file and opens it anew after a rotation', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'portico-log-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'sub', 'access.log');
  const writer = createAccessLogWriter({ destination: path });
  writer.write('a\nb\n', 2);
  assert.equal(await writer.flush(PATIENCE_MS), true);
  await rename(path, `${path}.1`);
  writer.write('c\n', 1);
  assert.equal(await writer.flush(PATIENCE_MS), true);
  writer.reopen();
  writer.write('d\n', 1);
  assert.equal(await writer.flush(PATIENCE_MS), true);
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'a\nb\nc\n');
  assert.equal(await readFile(path, 'utf8'), 'd\n');
  assert.equal(writer.droppedLines, 0);
});

test('reports a file that cannot be opened and counts what is lost', async () => {
  const failed = Promise.withResolvers<Error>();
  const writer = createAccessLogWriter({ destination: '/dev/null/access.log', onError: failed.resolve });
  writer.write('a\nb\n', 2);
  assert.match((await failed.promise).message, /ENOTDIR|EEXIST/);
  writer.write('c\n', 1);
  assert.equal(await writer.flush(100), false);
  assert.equal(writer.droppedLines, 3);
});
