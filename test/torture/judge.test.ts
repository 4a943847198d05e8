import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldProblems, judgeRequest, type RequestObservation, show, type Verdict } from './judge.ts';
import { parseVectors, type FieldWish, type RequestVector } from './vectors.ts';
import { type Field, readRequest, readResponses, type RequestMessage } from './wire.ts';

const refusal = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n';
const success = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function vector(yaml: string): RequestVector {
  const [parsed] = parseVectors(`- {id: x, raw: "", tags: [], why: "", ${yaml}}`, 'x.yaml');
  assert.equal(parsed?.kind, 'request');
  return parsed;
}

function request(target: string, body = ''): RequestMessage {
  const reading = readRequest(`POST ${target} HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assert.equal(reading.kind, 'done');
  return reading.message;
}

interface Seen extends Partial<Omit<RequestObservation, 'responses'>> {
  readonly received?: string;
}

function verdictOn(yaml: string, { received = '', isClosed = false, ...seen }: Seen): Verdict {
  const none = { requests: [], malformed: [], unfinished: [], early: '' };
  return judgeRequest(vector(yaml), { ...none, isClosed, responses: readResponses(received, [], isClosed), ...seen }).verdict;
}

test('reject: an allowed status and a closed connection are ok', () => {
  assert.equal(verdictOn('expect: reject', { received: refusal, isClosed: true }), 'ok');
  assert.equal(verdictOn('expect: reject, status: [431, 400]', { received: refusal, isClosed: true }), 'ok');
});

test('reject: another status, no answer, or an open connection deviate', () => {
  assert.equal(verdictOn('expect: reject, status: 431', { received: refusal, isClosed: true }), 'deviates');
  assert.equal(verdictOn('expect: reject', { isClosed: true }), 'deviates');
  assert.equal(verdictOn('expect: reject', { received: refusal }), 'deviates');
  assert.equal(verdictOn('expect: reject', { received: success, isClosed: true }), 'deviates');
  assert.equal(verdictOn('expect: reject', {}), 'hang');
});

test('reject: what reaches the backend is forwarded or wrong', () => {
  const answered = { received: refusal, isClosed: true };
  assert.equal(verdictOn('expect: reject', { ...answered, requests: [request('/')] }), 'forwarded');
  assert.equal(verdictOn('expect: reject', { ...answered, requests: [request('/smuggled')] }), 'wrong');
  assert.equal(verdictOn('expect: reject', { ...answered, requests: [request('/a'), request('/b')] }), 'wrong');
  assert.equal(verdictOn('expect: reject', { ...answered, malformed: ['bare LF'] }), 'wrong');
  assert.equal(verdictOn('expect: reject', { ...answered, unfinished: ['POST / HTTP/1.1\r\n'] }), 'wrong');
  assert.equal(verdictOn('expect: reject, partial: true', { ...answered, unfinished: ['POST / HTTP/1.1\r\n'] }), 'ok');
  assert.equal(verdictOn('expect: reject', { received: refusal + refusal, isClosed: true }), 'wrong');
});

test('reject: the requests before the bad one must have been served', () => {
  const seen = { received: success + refusal, isClosed: true };
  assert.equal(verdictOn('expect: reject, seen: [{target: /a}]', { ...seen, requests: [request('/a')] }), 'ok');
  assert.equal(verdictOn('expect: reject, seen: [{target: /a}]', { ...seen, requests: [request('/b')] }), 'wrong');
  assert.equal(verdictOn('expect: reject, seen: [{target: /a}]', seen), 'rejected');
});

test('forward: the backend sees exactly what is wanted', () => {
  const yaml = 'expect: forward, seen: {method: POST, target: [/a, /b], body: hello, headers: {host: a.example}}';
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/b', 'hello')] }), 'ok');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/c', 'hello')] }), 'wrong');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/b', 'hell')] }), 'wrong');
  assert.equal(verdictOn(yaml, { received: success, requests: [{ ...request('/b', 'hello'), method: 'GET' }] }), 'wrong');
  assert.equal(verdictOn(yaml, { received: success, requests: [{ ...request('/b', 'hello'), fields: [] }] }), 'wrong');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/b', 'hello'), request('/b')] }), 'wrong');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/b', 'hello')], unfinished: ['GET /'] }), 'wrong');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/b', 'hello')], malformed: ['no Host'] }), 'wrong');
});

test('forward: a refusal is rejected, silence hangs', () => {
  const yaml = 'expect: forward, seen: {target: /a}';
  assert.equal(verdictOn(yaml, { received: refusal }), 'rejected');
  assert.equal(verdictOn(yaml, { isClosed: true }), 'rejected');
  assert.equal(verdictOn(yaml, {}), 'hang');
  assert.equal(verdictOn(`${yaml}, tail_optional: 1`, { received: refusal }), 'ok');
});

test('forward: the client side counts when it is given', () => {
  const requests = [request('/a')];
  const yaml = 'expect: forward, seen: {target: /a}';
  assert.equal(verdictOn(`${yaml}, client: {status: 200}`, { received: success, requests }), 'ok');
  assert.equal(verdictOn(`${yaml}, client: {status: 204}`, { received: success, requests }), 'deviates');
  assert.equal(verdictOn(`${yaml}, client: {statuses: [200, 200]}`, { received: success, requests }), 'deviates');
  assert.equal(verdictOn(`${yaml}, client: {closed: true}`, { received: success, requests }), 'deviates');
  const switched = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';
  assert.equal(verdictOn(`${yaml}, client: {tunnel: abc}`, { received: `${switched}abc`, requests }), 'ok');
  assert.equal(verdictOn(`${yaml}, client: {tunnel: abc}`, { received: `${switched}ab`, requests }), 'wrong');
  assert.equal(verdictOn(`${yaml}, no_early: true`, { received: switched, requests, early: 'GET /' }), 'wrong');
});

test('either: refused properly or forwarded exactly', () => {
  const yaml = 'expect: either, seen: {target: /a}';
  assert.equal(verdictOn(yaml, { received: refusal, isClosed: true }), 'ok');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/a')] }), 'ok');
  assert.equal(verdictOn(yaml, { received: success, requests: [request('/b')] }), 'wrong');
  assert.equal(verdictOn('expect: either', { received: success, requests: [request('/any')] }), 'ok');
  assert.equal(verdictOn('expect: either', { received: success, requests: [request('/any'), request('/more')] }), 'wrong');
  assert.equal(verdictOn(yaml, {}), 'hang');
});

test('fields: text, list, absent, one of, and not containing', () => {
  const fields: Field[] = [
    ['x-a', 'one'],
    ['x-b', 'one'],
    ['x-b', 'two'],
    ['set-cookie', 'a'],
    ['set-cookie', 'b'],
    ['x-c', 'one, two'],
  ];
  const isGood = (wishes: Record<string, FieldWish>): boolean => fieldProblems(fields, wishes, 'header').length === 0;
  assert.ok(isGood({ 'X-A': 'one', 'x-b': ['one', 'two'], 'x-c': ['one', 'two'], 'x-d': null, 'set-cookie': ['a', 'b'] }));
  assert.ok(isGood({ 'x-a': { any: ['one', null] }, 'x-d': { any: ['one', null] }, 'x-b': { not: 'three' } }));
  for (const wishes of [{ 'x-a': 'two' }, { 'x-b': 'one' }, { 'x-a': null }, { 'x-d': 'one' }, { 'x-b': ['two', 'one'] }])
    assert.ok(!isGood(wishes));
  for (const wishes of [{ 'x-a': { any: ['two', null] } }, { 'x-d': { any: ['one'] } }, { 'x-b': { not: 'tw' } }])
    assert.ok(!isGood(wishes));
  assert.equal(fieldProblems([['set-cookie', 'a, b']], { 'set-cookie': ['a', 'b'] }, 'header').length, 1);
});

test('bytes are shown on one line, in ASCII, shortened', () => {
  assert.equal(show('a\r\n\xff'), String.raw`"a\r\n\xff"`);
  assert.equal(show('x'.repeat(200)).length, 95);
});
