import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createControllerLog, formatTextLine } from './controller-log.ts';

function createLines(format: 'text' | 'json'): { lines: string[]; log: ReturnType<typeof createControllerLog> } {
  const lines: string[] = [];
  return { lines, log: createControllerLog({ level: 'info', format, destination: { write: (line) => lines.push(line) } }) };
}

test('writes JSON with named levels', () => {
  const { lines, log } = createLines('json');
  log.debug('not shown');
  log.info({ file: 'a.yaml', count: 2 }, 'read manifests');
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, { level: 'info', file: 'a.yaml', count: 2, message: 'read manifests' });
});

test('writes text as one line with fields', () => {
  const { lines, log } = createLines('text');
  log.warn({ file: 'a b.yaml', code: 'PRT-READ-2', list: [1, 2] }, 'cannot read');
  assert.match(lines[0] ?? '', /^[\dT:.-]+Z WARN {2}cannot read file="a b.yaml" code=PRT-READ-2 list="\[1,2\]"\n$/);
  log.child({ worker: 1 }).info('ready');
  assert.match(lines[1] ?? '', / INFO {2}ready worker=1\n$/);
});

test('shows the message of an error in its line and the stack below', () => {
  const { lines, log } = createLines('text');
  log.error({ err: new Error('disk full', { cause: new Error('ENOSPC') }) }, 'cannot write');
  const [first = '', second = ''] = (lines[0] ?? '').split('\n');
  assert.match(first, / ERROR cannot write error="disk full: ENOSPC"$/);
  assert.match(second, /^ {4}at /);
  log.warn({ err: new Error('slow') }, 'hm');
  assert.match(lines[1] ?? '', / WARN {2}hm error=slow\n$/);
});

test('text cannot be forged by line breaks or drive a terminal', () => {
  const line = JSON.stringify({ level: 'info', time: 't', message: 'a\nb\u001b[31m', value: 'c\r\nd' });
  assert.equal(formatTextLine(line), 't INFO  a\\u000ab\\u001b[31m value="c\\r\\nd"\n');
});
