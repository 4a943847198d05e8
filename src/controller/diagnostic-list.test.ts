import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnostic } from '../model/diagnostic-codes.ts';
import { DiagnosticList } from './diagnostic-list.ts';

const about = (name: string) => diagnostic('PRT-READ-1', 'cannot be read', { kind: 'File', namespace: '', name });
const names = (list: DiagnosticList): readonly string[] => list.takeNew().map(({ origin }) => origin.name);

test('tells what came since it was asked last, and what came again', () => {
  const list = new DiagnosticList();
  assert.deepEqual(names(list), []);
  list.replace([about('a'), about('b')]);
  assert.deepEqual(names(list), ['a', 'b']);
  assert.deepEqual(names(list), []);
  list.replace([about('b'), about('c')]);
  assert.deepEqual(names(list), ['c']);
  list.replace([about('c')]);
  list.replace([about('b'), about('c')]);
  assert.deepEqual(names(list), [], 'in between nobody asked');
  list.replace([]);
  assert.deepEqual(names(list), []);
  list.replace([about('a')]);
  assert.deepEqual(names(list), ['a']);
  assert.deepEqual(list.current, [about('a')]);
});
