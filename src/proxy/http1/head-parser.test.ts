import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../model/error-codes.ts';
import { createRoutingTable } from '../../routing/table.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from './field-block.ts';
import { FieldMemo } from './field-memo.ts';
import { FIELD } from './field-names.ts';
import { HostCache } from './host-cache.ts';
import { INCOMPLETE, parseRequestHead, parseResponseHead, REFUSED } from './head-parser.ts';
import { MessageHead } from './message-head.ts';

const NO_HOSTS = new HostCache(createRoutingTable<ProxyRoute>(() => assert.fail('there are no routes')));
const limits = { requestLineBytes: 1024, headBytes: 4096, fieldBytes: 2048, fields: 16 };

interface Parsed {
  readonly at: number;
  readonly head: MessageHead;
}

function parse(text: string, memo?: FieldMemo): Parsed {
  const head = new MessageHead();
  const bytes = Buffer.from(text, 'latin1');
  return { at: parseRequestHead(bytes, 0, bytes.length, limits, head, memo), head };
}

function refusal(text: string): ErrorCode | number {
  const { at, head } = parse(text);
  return at === REFUSED ? head.error : at;
}

const get = 'GET / HTTP/1.1\r\nHost: a.example\r\n';

describe('a request head', () => {
  test('is understood', () => {
    const text = 'POST /a/b?c=d HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 007\r\nX-A:  one \t\r\nx-a: two\r\n\r\n';
    const { at, head } = parse(text);
    assert.equal(at, text.length);
    assert.equal(text.slice(head.methodStart, head.methodEnd), 'POST');
    assert.equal(text.slice(head.targetStart, head.targetEnd), '/a/b?c=d');
    assert.equal(text.slice(head.targetStart, head.pathEnd), '/a/b');
    assert.equal(head.hostText(), 'a.example:8080');
    assert.equal(head.body, BODY_LENGTH);
    assert.equal(head.contentLength, 7);
    assert.equal(head.valueOfName('x-a'), 'one, two');
    assert.equal(head.valueOfName('x-b'), undefined);
  });

  test('says when more bytes are needed, at every cut', () => {
    const text = `${get}X-Long: ${'v'.repeat(40)}\r\nConnection: close\r\n\r\n`;
    const bytes = Buffer.from(`${text}GET /next HTTP/1.1\r\n`, 'latin1');
    const head = new MessageHead();
    for (let end = 0; end < text.length; end++) assert.equal(parseRequestHead(bytes, 0, end, limits, head), INCOMPLETE, `cut at ${end}`);
    assert.equal(parseRequestHead(bytes, 0, bytes.length, limits, head), text.length);
  });

  test('marks paths that have to be looked at', () => {
    const isSpecial = (path: string): boolean => parse(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).head.isPathSpecial;
    assert.deepEqual(['/a/b', '/a/b?x=/../%', '/a.b'].map(isSpecial), [false, false, false]);
    assert.deepEqual(['/a//b', '/./a', '/a/..', '/%61', '//a'].map(isSpecial), [true, true, true, true, true]);
  });

  test('is refused with the code of its fault', () => {
    const cases: readonly (readonly [string, ErrorCode])[] = [
      ['GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'PRT-REQ-1'],
      ['GET / HTTP/1.1\nHost: a\r\n\r\n', 'PRT-REQ-1'],
      ['GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 'PRT-REQ-1'],
      ['GET /\r\n', 'PRT-REQ-1'],
      ['GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n', 'PRT-REQ-5'],
      ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'PRT-REQ-9'],
      ['GET / HTTP/1.10\r\nHost: a\r\n\r\n', 'PRT-REQ-1'],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'PRT-REQ-10'],
      [`${'M'.repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`, 'PRT-REQ-11'],
      ['GET / HTTP/1.1\r\n\r\n', 'PRT-REQ-3'],
      [`${get}Host: a.example\r\n\r\n`, 'PRT-REQ-3'],
      ['GET / HTTP/1.1\r\nHost: a..b\r\n\r\n', 'PRT-REQ-3'],
      ['GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n', 'PRT-REQ-3'],
      [`${get}X-A : v\r\n\r\n`, 'PRT-REQ-2'],
      [`${get}X-A: v\r\n w\r\n\r\n`, 'PRT-REQ-2'],
      [`${get}X-A: a\0b\r\n\r\n`, 'PRT-REQ-2'],
      [`${get}X-A: ${'v'.repeat(30)}\x7f\r\n\r\n`, 'PRT-REQ-2'],
      [`${get}X-A: ${'v'.repeat(30)}\x01\r\n\r\n`, 'PRT-REQ-2'],
      [`${get}X-A: v\nX-B: w\r\n\r\n`, 'PRT-REQ-2'],
      [`${get}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 'PRT-REQ-4'],
      [`${get}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 'PRT-REQ-4'],
      [`${get}Content-Length: +1\r\n\r\n`, 'PRT-REQ-4'],
      [`${get}Content-Length: 1234567890123456\r\n\r\n`, 'PRT-REQ-4'],
      [`${get}Transfer-Encoding: chunked, chunked\r\n\r\n`, 'PRT-REQ-4'],
      [`${get}Transfer-Encoding: gzip\r\n\r\n`, 'PRT-REQ-12'],
      ['POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 'PRT-REQ-4'],
      [`${get}Expect: more\r\n\r\n`, 'PRT-REQ-13'],
      [`${get}Expect: 100_continue\r\n\r\n`, 'PRT-REQ-13'],
      [`${get}Connection: ${'a,'.repeat(129)}\r\n\r\n`, 'PRT-REQ-7'],
      [`${get}Connection: ${'a,'.repeat(65)}\r\nConnection: ${'b, '.repeat(65)}\r\n\r\n`, 'PRT-REQ-7'],
      [`GET /${'a'.repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'PRT-REQ-8'],
      [`${get}X-A: ${'v'.repeat(2100)}\r\n\r\n`, 'PRT-REQ-7'],
      [`${get}${'X-A: v\r\n'.repeat(16)}\r\n`, 'PRT-REQ-7'],
    ];
    for (const [text, code] of cases) assert.equal(refusal(text), code, JSON.stringify(text.slice(0, 80)));
  });

  test('passes bytes above 0x7f in values, and four at a time makes no difference', () => {
    for (let length = 0; length < 24; length++) {
      const value = 'é\xff\t'.repeat(length).slice(0, length);
      const { at, head } = parse(`${get}X-A: a${value}z\r\n\r\n`);
      assert.ok(at > 0);
      assert.equal(head.valueOfName('x-a'), `a${value}z`);
    }
  });

  test('knows the framing and the connection options', () => {
    assert.equal(parse(`${get}\r\n`).head.body, BODY_NONE);
    assert.equal(parse(`${get}Transfer-Encoding: CHUNKED\r\n\r\n`).head.body, BODY_CHUNKED);
    const { head } = parse(`${get}Connection: keep-alive, X-Foo\r\nX-Foo: 1\r\n\r\n`);
    assert.equal(head.hasConnectionKeepAlive, true);
    assert.equal(head.hasNominatedFields, true);
    assert.equal(head.hasConnectionClose, false);
    const other = parse(`${get}Connection: keep_alive,, \tCLOSE\t ,upgrade,${'a,'.repeat(127)}\r\n\r\n`).head;
    assert.equal(other.hasConnectionKeepAlive, false);
    assert.equal(other.hasConnectionClose, true);
    assert.equal(other.hasConnectionUpgrade, true);
    assert.equal(other.hasNominatedFields, true);
  });

  test('finds trailers among what TE lists', () => {
    const accepts = (value: string): boolean => parse(`${get}TE: ${value}\r\n\r\n`).head.acceptsTrailers;
    assert.deepEqual(['trailers', 'gzip , \tTrailers ', ',,trailers,'].map(accepts), [true, true, true]);
    assert.deepEqual(['', ',', 'trailers;q=1', 'xtrailers', 'trailer'].map(accepts), [false, false, false, false, false]);
  });

  test('finds what Connection names, on whatever line', () => {
    const { head } = parse(`${get}X-A: 1\r\nConnection: x-b\r\nX-B: 2\r\nx-c: 3\r\nconnection:\tclose , X-C\r\n\r\n`);
    const names = Array.from({ length: head.fieldCount }, (_, index) =>
      head.isNominated(index, FIELD.connection) ? head.nameOf(index) : '',
    );
    assert.deepEqual(names, ['', '', '', 'x-b', 'x-c', '']);
  });

  test('takes the host of the target where there is no Host', () => {
    const memo = new FieldMemo(NO_HOSTS);
    const hosts = ['http://A.example:80/x', 'http://b.example/', '/', 'http://c.example'].map((target) => {
      return parse(`GET ${target} HTTP/1.0\r\nX-A: 1\r\n\r\n`, memo).head.hostText();
    });
    assert.deepEqual(hosts, ['A.example:80', 'b.example', '', 'c.example']);
  });

  test('offers WebSocket only where RFC 6455 allows it', () => {
    const offer = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n';
    assert.equal(parse(get + offer).head.isWebSocket, true);
    assert.equal(parse(`POST / HTTP/1.1\r\nHost: a\r\n${offer}`).head.isWebSocket, false);
    assert.equal(parse(`GET / HTTP/1.0\r\nHost: a\r\n${offer}`).head.isWebSocket, false);
    assert.equal(refusal(`${get}Content-Length: 3\r\n${offer}`), 'PRT-REQ-17');
  });
});

describe('remembered fields', () => {
  const fields = 'Host: a.example\r\nX-A: 1\r\nConnection: close\r\n\r\n';

  test('give the same outcome as parsed ones', () => {
    const memo = new FieldMemo(NO_HOSTS);
    for (const path of ['/one', '/two/longer', '/three']) {
      const text = `GET ${path} HTTP/1.1\r\n${fields}`;
      const { at, head } = parse(text, memo);
      assert.equal(at, text.length);
      assert.equal(head.valueOfName('x-a'), '1');
      assert.equal(head.hostText(), 'a.example');
      assert.equal(head.hasConnectionClose, true);
      assert.equal(text.slice(head.lineStartOf(1), head.lineEndOf(1)), 'X-A: 1\r\n');
    }
    assert.equal(memo.length, fields.length);
  });

  test('are not taken for others of the same length', () => {
    const memo = new FieldMemo(NO_HOSTS);
    parse(`GET / HTTP/1.1\r\n${fields}`, memo);
    parse(`GET / HTTP/1.1\r\n${fields}`, memo);
    assert.equal(parse(`GET / HTTP/1.1\r\n${fields.replace('X-A: 1', 'X-A: 2')}`, memo).head.valueOfName('x-a'), '2');
    assert.equal(parse(`GET / HTTP/1.1\r\n${fields.replace('X-A: 1', 'X-A\0 1')}`, memo).at, REFUSED);
    assert.equal(parse(`GET / HTTP/1.0\r\n${fields}`, memo).head.minorVersion, 0);
  });

  test('do not hide what depends on the request line', () => {
    const memo = new FieldMemo(NO_HOSTS);
    const posting = 'Host: a.example\r\nTransfer-Encoding: chunked\r\n\r\n';
    parse(`POST / HTTP/1.1\r\n${posting}`, memo);
    parse(`POST / HTTP/1.1\r\n${posting}`, memo);
    assert.equal(parse(`POST / HTTP/1.1\r\n${posting}`, memo).head.body, BODY_CHUNKED);
    assert.equal(parse(`POST / HTTP/1.0\r\n${posting}`, memo).at, REFUSED);
    assert.equal(parse(`GET http://b.example/ HTTP/1.1\r\n${posting}`, memo).at, REFUSED);
  });
});

describe('a response head', () => {
  function parseResponse(text: string): Parsed {
    const head = new MessageHead();
    const bytes = Buffer.from(text, 'latin1');
    return { at: parseResponseHead(bytes, 0, bytes.length, { ...limits, requestLineBytes: 0 }, head), head };
  }

  test('is understood', () => {
    const text = 'HTTP/1.1 204 No Content\r\nX-A: v\r\n\r\n';
    const { at, head } = parseResponse(text);
    assert.equal(at, text.length);
    assert.equal(head.status, 204);
    assert.equal(text.slice(head.statusStart, head.statusLineEnd), '204 No Content\r\n');
    assert.equal(head.body, BODY_UNTIL_CLOSE);
  });

  test('may lack its reason', () => {
    assert.equal(parseResponse('HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n').head.status, 200);
    assert.equal(parseResponse('HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n').head.contentLength, 5);
  });

  test('is refused when anything about it is doubtful', () => {
    const bad = [
      'HTTP/1.1 20 OK\r\n\r\n',
      'HTTP/1.1 2000 OK\r\n\r\n',
      'HTTP/1.1 099 OK\r\nA: b\r\n\r\n',
      'HTTP/2.0 200 OK\r\nA: b\r\n\r\n',
      'SSH-2.0-OpenSSH\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      'HTTP/1.1 200 OK\r\nX-A: v\r\n w\r\n\r\n',
      'HTTP/1.1 200 O\rK\r\n\r\n',
    ];
    for (const text of bad) assert.equal(parseResponse(text).at, REFUSED, JSON.stringify(text));
  });
});
