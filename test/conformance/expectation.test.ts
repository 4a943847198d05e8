import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAggregate } from './aggregate.ts';
import type { Expectation } from './case-format.ts';
import { checkObservation } from './expectation.ts';
import type { Observation } from './observation.ts';

interface Answer {
  readonly status?: number;
  readonly endpoint?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: string;
}

function echo(endpoint: string): Record<string, unknown> {
  return {
    backend: endpoint.replace(/-[0-9]+$/, ''),
    endpoint,
    namespace: 'default',
    method: 'POST',
    path: '/x?y',
    host: 'foo.test',
    proto: 'HTTP/1.1',
    headers: { 'x-a': ['1', '2'], accept: ['*/*'] },
    body: { length: 5, sha256: '', text: 'hello' },
    tls: null,
  };
}

function answer(given: Answer = {}): Observation {
  const body = given.body ?? JSON.stringify(echo(given.endpoint ?? 'web-0'));
  const response = { status: given.status ?? 200, fields: given.fields ?? [], body: Buffer.from(body) };
  const certificate = { cn: 'foo.test', san: ['b.test', 'a.test'], issuerCN: 'ca' };
  return { kind: 'response', response, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', certificate }, seconds: 1 };
}

function failure(kind: 'connection' | 'tls' | 'timeout'): Observation {
  return { kind: 'failure', failure: kind, message: 'reset', tls: undefined, seconds: 1 };
}

const holds = (expected: Expectation, observation: Observation): boolean => checkObservation(expected, observation, 0).length === 0;

test('status is a number, a list or a class', () => {
  assert.ok(holds({ status: 404 }, answer({ status: 404 })) && !holds({ status: 404 }, answer()));
  assert.ok(holds({ status: [400, 404] }, answer({ status: 404 })) && !holds({ status: [400, 404] }, answer()));
  assert.ok(holds({ status: '4xx' }, answer({ status: 404 })) && !holds({ status: '5xx' }, answer({ status: 404 })));
});

test('naming a backend implies status 200', () => {
  assert.ok(holds({ backend: 'web' }, answer()));
  assert.ok(!holds({ backend: 'web' }, answer({ status: 500 })));
  assert.ok(holds({ backend: 'web', status: 500 }, answer({ status: 500 })));
  assert.ok(!holds({ backend: 'other' }, answer()));
  assert.ok(!holds({ endpoint: 'web-1' }, answer()));
  assert.ok(!holds({ backend: 'web' }, answer({ body: '<html>' })));
});

test('headers are found whatever their case, absent ones are reported', () => {
  const seen = answer({
    fields: [
      ['Location', '/a'],
      ['X-A', '1'],
      ['x-a', '2'],
    ],
  });
  assert.ok(holds({ headers: { location: '/a', 'X-a': '2' }, absentHeaders: ['Server'] }, seen));
  assert.ok(!holds({ headers: { Location: '/b' } }, seen));
  assert.ok(!holds({ headers: { 'X-Other': '1' } }, seen));
  assert.ok(!holds({ absentHeaders: ['LOCATION'] }, seen));
});

test('every part of the echo is compared', () => {
  const right = {
    method: 'POST',
    path: '/x?y',
    host: 'foo.test',
    proto: 'HTTP/1.1',
    headers: { 'X-A': '2' },
    absentHeaders: ['x-b'],
    body: 'hello',
    bodyLength: 5,
    tls: null,
  };
  assert.ok(holds({ echoed: right }, answer()));
  for (const wrong of [
    { method: 'GET' },
    { path: '/' },
    { host: 'x' },
    { proto: 'HTTP/2.0' },
    { headers: { 'x-a': '3' } },
    { absentHeaders: ['X-A'] },
    { body: 'x' },
    { bodyLength: 4 },
    { tls: { sni: 'x' } },
  ]) {
    assert.ok(!holds({ echoed: wrong }, answer()), JSON.stringify(wrong));
  }
});

test('certificate, version and cipher of the handshake', () => {
  assert.ok(holds({ certificate: { cn: 'foo.test', san: ['a.test', 'b.test'], issuerCN: 'ca' }, tlsVersion: 'TLSv1.3' }, answer()));
  assert.ok(!holds({ certificate: { san: ['a.test'] } }, answer()));
  assert.ok(!holds({ certificate: { cn: 'x' } }, answer()));
  assert.ok(!holds({ tlsVersion: 'TLSv1.2' }, answer()));
  assert.ok(!holds({ tlsCipher: 'x' }, answer()));
});

test('an expected failure must be of the right kind, and an unexpected one is reported', () => {
  assert.ok(
    holds({ tlsError: true }, failure('tls')) && !holds({ tlsError: true }, failure('connection')) && !holds({ tlsError: true }, answer()),
  );
  assert.ok(holds({ connectionError: true }, failure('connection')) && !holds({ connectionError: true }, failure('timeout')));
  assert.ok(!holds({}, failure('connection')));
});

test('anyOf needs one alternative, beside what stands next to it', () => {
  const either: Expectation = { anyOf: [{ status: 301 }, { status: 404 }] };
  assert.ok(holds(either, answer({ status: 404 })) && !holds(either, answer()));
  assert.ok(!holds({ ...either, headers: { a: 'b' } }, answer({ status: 404 })));
});

test('durations have both bounds', () => {
  assert.ok(holds({ minSeconds: 1, maxSeconds: 1 }, answer()));
  assert.ok(!holds({ minSeconds: 1.1 }, answer()) && !holds({ maxSeconds: 0.9 }, answer()));
});

test('cookies that must and must not be set', () => {
  const seen = answer({ fields: [['Set-Cookie', 'a=b; Path=/']] });
  assert.ok(holds({ setCookie: [{ name: 'a', path: '/' }], absentSetCookie: ['b'] }, seen));
  assert.ok(!holds({ absentSetCookie: ['a'] }, seen) && !holds({ absentSetCookie: ['*'] }, seen));
  assert.ok(holds({ absentSetCookie: ['*'] }, answer()));
});

test('WebSocket messages and the first of them', () => {
  const seen: Observation = { kind: 'websocket', first: JSON.stringify(echo('web-0')), messages: ['one', 'two'], seconds: 0 };
  assert.ok(holds({ websocket: { messages: ['one', 'two'], echoed: { path: '/x?y' } } }, seen));
  assert.ok(!holds({ websocket: { messages: ['one'] } }, seen));
  assert.ok(!holds({ websocket: { messages: ['one', 'other'] } }, seen));
  assert.ok(!holds({ websocket: { messages: ['one', 'two'], echoed: { path: '/' } } }, seen));
  assert.ok(!holds({ websocket: { messages: ['one'] } }, answer()));
});

test('gRPC status and reply, and the backend that it came from', () => {
  const seen: Observation = { kind: 'grpc', status: 0, text: '', reply: JSON.stringify(echo('web-0')), seconds: 0 };
  assert.ok(holds({ backend: 'web', grpc: { status: 0, echoed: { host: 'foo.test' } } }, seen));
  assert.ok(!holds({ grpc: { status: { oneOf: [4, 14] } } }, seen) && !holds({ backend: 'x', grpc: { status: 0 } }, seen));
});

test('datagrams', () => {
  const text = JSON.stringify({ backend: 'tcp', endpoint: 'tcp-0', data: 'hi', proxyProtocol: { src: '1.2.3.4', srcPort: 5 } });
  const seen: Observation = { kind: 'datagram', protocol: 'tcp', text, seconds: 0 };
  assert.ok(holds({ tcp: { backend: 'tcp', data: 'hi', proxyProtocol: { src: '1.2.3.4' } } }, seen));
  assert.ok(
    !holds({ tcp: { proxyProtocol: null } }, seen) && !holds({ tcp: { data: 'ho' } }, seen) && !holds({ udp: { data: 'hi' } }, seen),
  );
  assert.ok(!holds({ tcp: { proxyProtocol: { srcPort: 6 } } }, seen));
});

function aggregate(expected: Expectation, observations: readonly Observation[], seenInJar = new Set<string>()): string[] {
  return checkAggregate(expected, observations, { endpointsOf: () => ['web-0', 'web-1'], seenInJar });
}

test('statuses are absolute counts, and others must not occur', () => {
  const seen = [answer(), answer(), answer({ status: 503 })];
  assert.deepEqual(aggregate({ statuses: { '200': { min: 2, max: 2 }, '503': { min: 1 } } }, seen), []);
  assert.equal(aggregate({ statuses: { '200': { min: 3 }, '503': {} } }, seen).length, 1);
  assert.equal(aggregate({ statuses: { '200': { min: 2 } } }, seen).length, 1);
  assert.equal(aggregate({ statuses: { '200': {} } }, [failure('connection')]).length, 1);
});

test('distribution is a share of the answers', () => {
  const seen = [answer(), answer(), answer({ endpoint: 'other-0' }), answer({ endpoint: 'other-1' })];
  assert.deepEqual(aggregate({ distribution: { web: { min: 0.5, max: 0.5 }, other: { min: 0.5 } } }, seen), []);
  assert.equal(aggregate({ distribution: { web: { max: 0.4 }, none: { min: 0.1 } } }, seen).length, 2);
});

test('sameEndpoint spans the entries of a jar', () => {
  const jar = new Set<string>();
  assert.deepEqual(aggregate({ sameEndpoint: true }, [answer(), answer()], jar), []);
  assert.equal(aggregate({ sameEndpoint: true }, [answer({ endpoint: 'web-1' })], jar).length, 1);
  assert.equal(aggregate({ sameEndpoint: true }, [failure('connection')]).length, 1);
});

test('distinct endpoints and answers of each endpoint that exists', () => {
  const seen = [answer(), answer(), answer({ endpoint: 'web-1' })];
  assert.deepEqual(aggregate({ distinctEndpoints: { min: 2, max: 2 }, perEndpoint: { min: 1, max: 2 } }, seen), []);
  assert.equal(aggregate({ distinctEndpoints: { min: 3 } }, seen).length, 1);
  assert.equal(aggregate({ perEndpoint: { min: 2 } }, seen).length, 1);
  assert.equal(aggregate({ perEndpoint: { min: 1 } }, [answer()]).length, 1);
});
