import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from './judge.ts';
import { judgeUpstream, type UpstreamObservation } from './judge-upstream.ts';
import { parseVectors } from './vectors.ts';
import { readResponses, type ResponseMessage } from './wire.ts';

const gatewayError = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n';
const hello = 'HTTP/1.1 200 OK\r\nX-A: v\r\nContent-Length: 5\r\n\r\nhello';
const cut = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello';

function answer(body: string, status = 200): ResponseMessage {
  return { status, version: 'HTTP/1.1', fields: [], body, trailers: [], untilClose: false };
}

interface Seen extends Partial<Omit<UpstreamObservation, 'responses' | 'received'>> {
  readonly received?: string;
}

function verdictOn(yaml: string, { received = '', isClosed = false, ...seen }: Seen): Verdict {
  const [vector] = parseVectors(`- {id: x, response: "", tags: [], why: "", ${yaml}}`, 'x.yaml');
  assert.equal(vector?.kind, 'upstream');
  const rest = { same: undefined, next: answer('ok GET /next\n'), isReused: false, malformed: [] };
  return judgeUpstream(vector, { ...rest, received, isClosed, responses: readResponses(received, ['GET'], isClosed), ...seen }).verdict;
}

test('bad-gateway: a 502 is ok, another error or a cut deviates, a delivery is delivered', () => {
  assert.equal(verdictOn('expect: bad-gateway', { received: gatewayError }), 'ok');
  assert.equal(verdictOn('expect: bad-gateway, gateway: 504', { received: gatewayError }), 'deviates');
  assert.equal(verdictOn('expect: bad-gateway', { received: cut, isClosed: true }), 'deviates');
  assert.equal(verdictOn('expect: bad-gateway', { isClosed: true }), 'deviates');
  assert.equal(verdictOn('expect: bad-gateway', { received: hello }), 'delivered');
  assert.equal(verdictOn('expect: bad-gateway', {}), 'hang');
});

test('deliver: status, body, fields and interim responses as wanted', () => {
  const yaml = 'expect: deliver, body: hello, headers: {x-a: v}';
  assert.equal(verdictOn(yaml, { received: hello }), 'ok');
  assert.equal(verdictOn('expect: deliver, body: hell', { received: hello }), 'wrong');
  assert.equal(verdictOn('expect: deliver, headers: {x-a: null}', { received: hello }), 'wrong');
  assert.equal(verdictOn('expect: deliver, status: 404', { received: hello }), 'wrong');
  assert.equal(verdictOn('expect: deliver, trailers: {x-t: v}', { received: hello }), 'wrong');
  assert.equal(verdictOn(yaml, { received: gatewayError }), 'rejected');
  assert.equal(verdictOn(yaml, { received: cut, isClosed: true }), 'rejected');
  assert.equal(verdictOn('expect: deliver, status: 502', { received: gatewayError }), 'ok');
  assert.equal(verdictOn('expect: deliver, interim: [103]', { received: `HTTP/1.1 103 Early Hints\r\n\r\n${hello}` }), 'ok');
  assert.equal(verdictOn('expect: deliver, interim: [103]', { received: hello }), 'wrong');
});

test('abort: a visible cut or an error is ok, a message that looks complete is wrong', () => {
  assert.equal(verdictOn('expect: abort', { received: cut, isClosed: true }), 'ok');
  assert.equal(verdictOn('expect: abort', { received: gatewayError }), 'ok');
  assert.equal(verdictOn('expect: abort', { received: hello, isClosed: true }), 'wrong');
  assert.equal(verdictOn('expect: abort', { received: 'HTTP/1.1 200 OK\r\n\r\nhello', isClosed: true }), 'wrong');
});

test('malformed or additional bytes at the client are wrong', () => {
  assert.equal(verdictOn('expect: either', { received: 'junk\r\n\r\n' }), 'wrong');
  assert.equal(verdictOn('expect: either', { received: hello + hello }), 'wrong');
  assert.equal(verdictOn('expect: either', { received: `${hello}x` }), 'wrong');
  assert.equal(verdictOn('expect: deliver, never: [hell]', { received: hello }), 'wrong');
});

test('the further requests get their own answers', () => {
  const yaml = 'expect: deliver';
  assert.equal(verdictOn(yaml, { received: hello, same: answer('ok GET /same\n') }), 'ok');
  assert.equal(verdictOn(yaml, { received: hello, same: answer('poison') }), 'wrong');
  assert.equal(verdictOn(yaml, { received: hello, same: answer('', 502) }), 'deviates');
  assert.equal(verdictOn(yaml, { received: hello, next: answer('poison') }), 'wrong');
  assert.equal(verdictOn(yaml, { received: hello, next: answer('', 502) }), 'deviates');
  assert.equal(verdictOn(yaml, { received: hello, next: undefined }), 'deviates');
  assert.equal(verdictOn(yaml, { received: hello, malformed: ['no Host'] }), 'wrong');
});

test('forbidden reuse of the upstream connection is wrong', () => {
  assert.equal(verdictOn('expect: deliver, reuse: never', { received: hello, isReused: true }), 'wrong');
  assert.equal(verdictOn('expect: deliver, reuse: expected', { received: hello, isReused: true }), 'ok');
});
