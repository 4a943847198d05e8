import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecord } from '../record-fixture.ts';
import { MAX_LINE_LENGTH } from './bounded-line.ts';
import { createJsonFormat } from './json-line.ts';

test('prints one object with stable keys', () => {
  const format = createJsonFormat();
  const text = format(createRecord({ requestHeaders: { 'user-agent': 'agent/1' }, errorCode: 'PRT-UP-1' }));
  assert.doesNotMatch(text, /\n/);
  assert.deepEqual(JSON.parse(text), {
    time: '2026-11-24T18:47:00.123Z',
    request_id: 'f3a1',
    client_address: '192.0.2.7',
    client_port: 51234,
    remote_user: '',
    scheme: 'http',
    host: 'shop.test',
    method: 'GET',
    target: '/app/deep?x=1',
    protocol: 'HTTP/1.1',
    referer: '',
    user_agent: 'agent/1',
    status: 200,
    error_code: 'PRT-UP-1',
    request_bytes: 95,
    sent_bytes: 1234,
    sent_body_bytes: 1000,
    duration: 0.012,
    namespace: 'default',
    ingress: 'shop',
    service: 'web',
    service_port: '80',
    rule_path: '/app',
    upstream: 'default-web-80',
    alternative_upstream: '',
    attempts: [{ address: '10.0.0.1:8080', status: 200, response_bytes: 1000, connect: 0.001, header: 0.007, response: 0.011 }],
  });
  const bare = JSON.parse(format(createRecord({ attempts: [], startedAtMs: Date.UTC(2026, 0, 1) }))) as Record<string, unknown>;
  assert.deepEqual([bare['time'], bare['error_code'], bare['attempts']], ['2026-01-01T00:00:00.000Z', '', []]);
});

test('stays valid JSON whatever clients send', () => {
  const format = createJsonFormat();
  const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  const labels = { namespace: 'a', ingress: 'b', service: 'c', servicePort: '80', path: '/"\\\n' };
  const record = createRecord({
    labels,
    target: bytes,
    remoteUser: '\ud800',
    host: 'x"y',
    requestHeaders: { referer: bytes, 'user-agent': 'grün' },
  });
  const parsed = JSON.parse(format(record)) as Record<string, string>;
  assert.equal(parsed['target']?.slice(0, 128), bytes.slice(0, 128));
  assert.equal(parsed['rule_path'], '/"\\\n');
  assert.equal(parsed['host'], 'x"y');
});

test('stays bounded and valid however long values are', () => {
  const long = '"\x01'.repeat(20_000);
  const attempts = Array.from({ length: 500 }, () => createRecord().attempts).flat();
  const text = createJsonFormat()(createRecord({ target: long, attempts, requestHeaders: { referer: long, 'user-agent': long } }));
  assert.ok(text.length <= MAX_LINE_LENGTH, String(text.length));
  assert.equal((JSON.parse(text) as { status: number }).status, 200);
});
