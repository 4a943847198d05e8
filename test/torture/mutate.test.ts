import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Verdict } from './judge.ts';
import { createMutations, judgeMutation, mutableVectors, readAllRequests } from './mutate.ts';
import { bytesOf } from './parts.ts';
import { createRandom } from './random.ts';
import { loadVectors } from './vectors.ts';
import { readResponses, type RequestMessage } from './wire.ts';

const get = 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n';
const post = 'POST /b HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello';

function verdictOn(sent: string, requests: readonly RequestMessage[], { malformed = [] as string[], received = '' } = {}): Verdict {
  return judgeMutation(sent, { requests, malformed, responses: readResponses(received, [], false) }).verdict;
}

test('reads all requests that a strict server finds, over up to two empty lines', () => {
  assert.deepEqual(
    readAllRequests(`\r\n\r\n${get}\r\n${post}${get}`).requests.map(({ target }) => target),
    ['/a', '/b', '/a'],
  );
  assert.equal(readAllRequests(`\r\n\r\n\r\n${get}`).requests.length, 0);
  assert.equal(readAllRequests(post.slice(0, -1)).requests.length, 0);
  assert.equal(readAllRequests(`${get}junk\r\n\r\n${get}`).requests.length, 1);
});

test('a mutation may be refused or forwarded exactly', () => {
  const { requests } = readAllRequests(post);
  assert.equal(verdictOn(post, []), 'ok');
  assert.equal(verdictOn(post, requests), 'ok');
});

test('what the strict reader does not find may not reach the backend', () => {
  const { requests } = readAllRequests(post);
  assert.equal(verdictOn(post.replace('Host: ', 'Host : '), requests), 'forwarded');
  assert.equal(verdictOn(post.slice(0, -1), requests), 'forwarded');
  assert.equal(verdictOn(post, [...requests, ...requests]), 'wrong');
  assert.equal(
    verdictOn(
      post,
      requests.map((request) => ({ ...request, body: 'hell' })),
    ),
    'wrong',
  );
  assert.equal(
    verdictOn(
      post,
      requests.map((request) => ({ ...request, method: 'GET' })),
    ),
    'wrong',
  );
  assert.equal(verdictOn(post, [], { malformed: ['no Host'] }), 'wrong');
  assert.equal(verdictOn(post, [], { received: 'HTTP/1.1 20 OK\r\n\r\n' }), 'wrong');
});

test('mutations differ from their vector in one byte and repeat with the seed', () => {
  const vectors = mutableVectors(loadVectors([fileURLToPath(new URL('vectors', import.meta.url))]));
  assert.ok(vectors.length > 50);
  const mutations = createMutations(vectors, createRandom('1'), 500);
  const byId = new Map(vectors.map((vector) => [vector.id, bytesOf(vector.raw)]));
  for (const { id, bytes } of mutations) {
    const original = byId.get(id.split(' ')[0] ?? '') ?? '';
    assert.ok(Math.abs(bytes.length - original.length) <= 1, id);
    assert.ok(commonPrefix(bytes, original) + commonPrefix(reverse(bytes), reverse(original)) >= original.length - 1, id);
  }
  assert.deepEqual(createMutations(vectors, createRandom('1'), 500), mutations);
  assert.notDeepEqual(createMutations(vectors, createRandom('2'), 500), mutations);
});

function commonPrefix(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

function reverse(text: string): string {
  return text.split('').toReversed().join('');
}
