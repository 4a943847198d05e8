import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFreePorts } from './free-ports.ts';

test('no port is handed out twice, also to those who ask at the same time', async () => {
  const ports = createFreePorts(Math.random);
  const taken = await Promise.all(Array.from({ length: 20 }, () => ports.take()));
  assert.equal(new Set(taken).size, 20);
});
