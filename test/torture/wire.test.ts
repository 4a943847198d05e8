import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequest, readResponse, readResponses } from './wire.ts';

const host = 'Host: a.example\r\n';

test('reads a request with a length and says where the next one begins', () => {
  const bytes = `POST /x?y HTTP/1.1\r\n${host}X-A:  v \r\nContent-Length: 5\r\n\r\nhelloGET`;
  const reading = readRequest(bytes);
  assert.equal(reading.kind, 'done');
  assert.deepEqual(reading, {
    kind: 'done',
    end: bytes.length - 3,
    message: {
      method: 'POST',
      target: '/x?y',
      version: 'HTTP/1.1',
      fields: [
        ['host', 'a.example'],
        ['x-a', 'v'],
        ['content-length', '5'],
      ],
      body: 'hello',
      trailers: [],
    },
  });
});

test('reads a chunked request with extensions and trailers', () => {
  const bytes = `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: v\r\n\r\nrest`;
  const reading = readRequest(bytes);
  assert.equal(reading.kind, 'done');
  assert.equal(reading.message.body, 'hello0123456789');
  assert.deepEqual(reading.message.trailers, [['x-t', 'v']]);
  assert.equal(reading.end, bytes.length - 4);
});

test('a chunk size may have any number of leading zeros, and at most sixteen digits that count', () => {
  const request = (size: string): string =>
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${size}\r\nhello\r\n${'0'.repeat(20)}\r\n\r\n`;
  assert.equal(readRequest(request('0'.repeat(20) + '5')).kind, 'done');
  assert.equal(readRequest(request('1'.repeat(17))).kind, 'bad');
});

test('every proper beginning of a valid request is incomplete, never malformed and never complete', () => {
  const bodies = ['Content-Length: 5\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX-T: v\r\n\r\n'];
  for (const body of bodies) {
    const bytes = `POST / HTTP/1.1\r\n${host}${body}`;
    for (let end = 0; end < bytes.length; end++)
      assert.equal(readRequest(bytes.slice(0, end)).kind, 'more', JSON.stringify(bytes.slice(0, end)));
    assert.equal(readRequest(bytes).kind, 'done');
  }
});

const badRequests: readonly (readonly [string, string])[] = [
  ['lone LF as a line end', `GET / HTTP/1.1\n${host}\r\n`],
  ['lone LF in a head that is not complete', `GET / HTTP/1.1\nHost: a.example\n\n`],
  ['lone LF between fields', `GET / HTTP/1.1\r\nHost: a.example\nX-A: v\r\n\r\n`],
  ['lone CR in a value', `GET / HTTP/1.1\r\n${host}X-A: a\rb\r\n\r\n`],
  ['NUL in a value', `GET / HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`],
  ['control character in a value', `GET / HTTP/1.1\r\n${host}X-A: a\x01b\r\n\r\n`],
  ['DEL in a value', `GET / HTTP/1.1\r\n${host}X-A: a\x7fb\r\n\r\n`],
  ['two spaces in the request line', `GET  / HTTP/1.1\r\n${host}\r\n`],
  ['no version', `GET /\r\n${host}\r\n`],
  ['version 1.2', `GET / HTTP/1.2\r\n${host}\r\n`],
  ['white space before the colon', `GET / HTTP/1.1\r\n${host}X-A : v\r\n\r\n`],
  ['a folded line', `GET / HTTP/1.1\r\n${host}X-A: v\r\n w\r\n\r\n`],
  ['a line without a colon', `GET / HTTP/1.1\r\n${host}junk\r\n\r\n`],
  ['an empty name', `GET / HTTP/1.1\r\n${host}: v\r\n\r\n`],
  ['no Host', 'GET / HTTP/1.1\r\nX-A: v\r\n\r\n'],
  ['two equal Hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`],
  ['both framing fields', `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two equal lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
  ['a signed length', `POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\na`],
  ['an empty length', `POST / HTTP/1.1\r\n${host}Content-Length:\r\n\r\na`],
  ['another coding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a coding in HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['LF after a chunk size', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`],
  ['no CRLF after chunk data', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
  ['CR and another byte after chunk data', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\na\rb0\r\n\r\n`],
  ['a chunk size with a prefix', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`],
  ['NUL in a chunk extension', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1;\0\r\na\r\n0\r\n\r\n`],
  ['LF in trailers', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: v\n\r\n`],
  ['a malformed trailer', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\nX-T : v\r\n\r\n`],
];

for (const [name, bytes] of badRequests) {
  test(`refuses a request with ${name}`, () => {
    assert.equal(readRequest(bytes).kind, 'bad');
  });
}

test('HTTP/1.0 may lack Host, and a length may have leading zeros', () => {
  assert.equal(readRequest('GET / HTTP/1.0\r\n\r\n').kind, 'done');
  assert.equal(readRequest(`POST / HTTP/1.1\r\n${host}Content-Length: 005\r\n\r\nhello`).kind, 'done');
});

test('a response without length lasts until the connection ends', () => {
  const bytes = 'HTTP/1.1 200 OK\r\n\r\nhello';
  assert.equal(readResponse(bytes, 'GET', false).kind, 'more');
  const reading = readResponse(bytes, 'GET', true);
  assert.equal(reading.kind, 'done');
  assert.equal(reading.message.body, 'hello');
  assert.equal(reading.message.untilClose, true);
});

test('a response that ends before its length or its last chunk is truncated', () => {
  assert.equal(readResponse('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello', 'GET', true).kind, 'truncated');
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n';
  assert.equal(readResponse(chunked, 'GET', true).kind, 'truncated');
  assert.equal(readResponse(chunked, 'GET', false).kind, 'more');
  assert.equal(readResponse(`${chunked}\r\n`, 'GET', false).kind, 'done');
});

test('HEAD, 204, 304 and 1xx have no body whatever their fields say', () => {
  const withLength = (status: string): string => `HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\n`;
  for (const status of ['204 No Content', '304 Not Modified', '103 Early Hints']) {
    assert.equal(readResponse(withLength(status), 'GET', false).kind, 'done', status);
  }
  assert.equal(readResponse(withLength('200 OK'), 'HEAD', false).kind, 'done');
  assert.equal(readResponse(withLength('200 OK'), 'GET', false).kind, 'more');
});

const badResponses: readonly (readonly [string, string])[] = [
  ['both framing fields', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello'],
  ['two-digit status', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['four-digit status', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['version 2', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['CR in a value', 'HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 0\r\n\r\n'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n'],
];

for (const [name, bytes] of badResponses) {
  test(`refuses a response with ${name}`, () => {
    assert.equal(readResponse(bytes, 'GET', false).kind, 'bad');
  });
}

test('reads all responses of a connection, with interim ones apart and methods in order', () => {
  const bytes =
    'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nnoHTTP/1.';
  const read = readResponses(bytes, ['HEAD', 'GET'], false);
  assert.deepEqual(
    read.final.map(({ status, body }) => [status, body]),
    [
      [200, ''],
      [404, 'no'],
    ],
  );
  assert.deepEqual(
    read.interim.map(({ status }) => status),
    [103],
  );
  assert.equal(read.state, 'more');
  assert.equal(read.rest, 'HTTP/1.');
});

test('everything after a 101 is tunnel', () => {
  const read = readResponses('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', ['GET'], false);
  assert.equal(read.final.length, 1);
  assert.equal(read.tunnel, 'HTTP/1.1 200 OK\r\n\r\n');
});

test('a head cut off by the end of the connection is malformed', () => {
  assert.equal(readResponses('HTTP/1.1 200 OK\r\nX-A', ['GET'], true).state, 'bad');
  assert.equal(readResponses('', ['GET'], true).state, 'done');
});
