// Remembered fields must give what parsing gives, whatever was remembered before and on whichever connection of the worker.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hostWith } from '../../../test/support/model-rows.ts';
import { normaliseHost } from '../../routing/normalise-host.ts';
import { createRoutingTable } from '../../routing/table.ts';
import { BufferPool, OutBuffer } from '../out-buffer.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import { FieldMemo } from './field-memo.ts';
import { HostCache } from './host-cache.ts';
import { type HeadLimits, parseRequestHead } from './head-parser.ts';
import { MessageHead } from './message-head.ts';
import { appendRequestFields } from './request-writer.ts';

const usual: HeadLimits = { requestLineBytes: 1024, headBytes: 4096, fieldBytes: 400, fields: 16 };
const plainOptions = { isPeerTrusted: false, keepsUnderscores: false, replacedName: undefined, dropped: undefined };

/** One worker: one head, one table and one cache of hosts for all connections. */
class Worker {
  readonly head = new MessageHead();
  readonly table = createRoutingTable<ProxyRoute>(() => assert.fail('there are no routes'));
  /** So small that hosts push each other out. */
  readonly hosts = new HostCache(this.table, 4);
  readonly #names = new Set<string>();

  constructor() {
    for (const name of ['a.example', '*.example']) this.change(name);
  }

  connect(): FieldMemo {
    return new FieldMemo(this.hosts);
  }

  /** Removes the host, or takes it up again. */
  change(name: string): void {
    const host = hostWith(name, []);
    if (this.#names.delete(name)) return this.table.removeHost(host.name);
    this.#names.add(name);
    this.table.upsertHost(host);
  }

  read(text: string, memo: FieldMemo | undefined, limits = usual): number {
    const bytes = Buffer.from(text, 'latin1');
    return parseRequestHead(bytes, 0, bytes.length, limits, this.head, memo);
  }

  /** All that others see of a head. */
  outcome(text: string, memo: FieldMemo | undefined, limits = usual): unknown {
    const at = this.read(text, memo, limits);
    const { head, table } = this;
    if (at < 0) return at === -1 ? 'incomplete' : head.error;
    const out = new OutBuffer(new BufferPool(4096));
    // Twice: the second time by what was found the first time.
    for (let i = 0; i < 2; i++) appendRequestFields(out, head, plainOptions);
    const name = normaliseHost(head.hostText());
    const found = table.findHost(name);
    const anew = {
      text: head.hostText(),
      name,
      compiled: found,
      only: found.only,
      isDefined: found.host.name === name,
      version: table.version,
    };
    // As an exchange does it, which makes the host known.
    assert.deepEqual(memo === undefined ? anew : this.hosts.of(head), anew);
    return {
      at,
      host: [head.hostText(), found.host.name],
      body: [head.body, head.contentLength],
      flags: [head.hasConnectionClose, head.acceptsTrailers, head.expectsContinue, head.isWebSocket],
      lines: Array.from({ length: head.fieldCount }, (_, i) => [
        head.nameOf(i),
        head.valueOf(i),
        text.slice(head.lineStartOf(i), head.lineEndOf(i)),
      ]),
      requestId: head.requestIdField < 0 ? '' : head.valueOf(head.requestIdField),
      passed: out.bytes.latin1Slice(0, out.length),
    };
  }
}

const anyHost = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a.example', 'b.example', 'a.example:8080', 'much.longer.name.example', '[::1]', 'A.example') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      'a b',
      '\ta.example',
      'a.example ',
      'a.example\t',
      'a..b',
      'a,b',
      'é',
      'a\rb',
      'a\0b',
      'a\x7fb',
      'x'.repeat(300),
    ),
  },
);
const anyLines = fc.constantFrom(
  'X-A: 1\r\n',
  'X-A: 2\r\n',
  'X-A: 1\r\nConnection: close\r\nX-Request-ID: 7\r\n',
  'X-A: 1\r\nConnection: x-a\r\nX-Request-ID: 7\r\n',
  'Content-Length: 3\r\nX-Long: ' + 'y'.repeat(200) + '\r\n',
  'Content-Length: 3\r\nX-Long: ' + 'y'.repeat(199) + 'z\r\n',
  'Transfer-Encoding: chunked\r\nTE: trailers\r\n',
  'Host: other.example\r\n',
  'X_A: 1\r\nCookie: a=b\r\n',
);
const anyRequest = fc.record({
  line: fc.constantFrom(
    'GET / HTTP/1.1',
    'GET /longer/path?x HTTP/1.1',
    'GET / HTTP/1.0',
    'GET http://a.example/ HTTP/1.1',
    'POST / HTTP/1.1',
  ),
  before: fc.constantFrom('', '', '', 'X-First: 1\r\n', 'User-Agent: ' + 'u'.repeat(80) + '\r\n'),
  name: fc.constantFrom('Host: ', 'Host: ', 'Host: ', 'host:', 'Host:\t', 'X-Host: '),
  host: anyHost,
  lines: anyLines,
  behind: fc.constantFrom('', '', 'GET /next HTTP/1.1\r\nHost: c.example\r\n\r\n'),
  connection: fc.nat(1),
  isCut: fc.boolean(),
  change: fc.constantFrom(...Array.from({ length: 8 }, () => ''), 'a.example', 'b.example', '*.example', '_'),
});

describe('remembered fields', () => {
  test('are what parsing gives, in any order of requests on any connection', () => {
    const property = fc.property(fc.array(anyRequest, { minLength: 2, maxLength: 12 }), fc.boolean(), (requests, repeats) => {
      const [worker, plain] = [new Worker(), new Worker()];
      const memos = [worker.connect(), worker.connect()];
      for (const { line, before, name, host, lines, behind, connection, isCut, change } of requests) {
        if (change !== '') for (const one of [worker, plain]) one.change(change);
        const text = `${line}\r\n${before}${name}${host}\r\n${lines}\r\n${behind}`;
        const memo = memos[connection];
        if (isCut) worker.read(text.slice(0, text.length - behind.length - 3), memo);
        for (let i = 0; i < (repeats ? 3 : 1); i++)
          assert.deepEqual(worker.outcome(text, memo), plain.outcome(text, undefined), JSON.stringify(text));
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  const rest = 'X-A: 1\r\nX-Long: ' + 'y'.repeat(100) + '\r\n\r\n';
  const ask = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n${rest}`;

  test('serve requests to other hosts', () => {
    const worker = new Worker();
    const memo = worker.connect();
    worker.read(ask('a.example'), memo);
    worker.read(ask('b.example'), memo);
    for (const host of [
      'c.example',
      'longer.example',
      'x',
      'c.example',
      'c.example',
      'c.example',
      'longer.example',
      'longer.example',
      'longer.example',
      'x',
    ]) {
      assert.ok(worker.read(ask(host), memo) > 0);
      assert.ok(worker.head.fields.isKept, host);
      assert.equal(worker.head.hostText(), host);
    }
  });

  test('do not outlive the limits that they were parsed under', () => {
    const worker = new Worker();
    const memo = worker.connect();
    for (let i = 0; i < 3; i++) worker.read(ask('a.example'), memo);
    assert.ok(worker.head.fields.isKept);
    assert.equal(worker.outcome(ask('a.example'), memo, { ...usual, fields: 1 }), 'PRT-REQ-7');
  });

  test('a Host that is too long for its line is refused as ever', () => {
    const limits = { ...usual, fieldBytes: 120 };
    const worker = new Worker();
    const memo = worker.connect();
    for (let i = 0; i < 3; i++) worker.read(ask('a.example'), memo, limits);
    assert.equal(worker.outcome(ask('a'.repeat(150)), memo, limits), 'PRT-REQ-7');
  });

  test('a Host with a byte that no field may have is refused as ever', () => {
    const worker = new Worker();
    const memo = worker.connect();
    for (let i = 0; i < 3; i++) worker.read(ask('a.example'), memo);
    for (const host of ['a\x7fb', 'a\0b', 'a\x01.example']) {
      assert.equal(worker.outcome(ask(host), memo), 'PRT-REQ-2');
      assert.equal(worker.outcome(ask(host), undefined), 'PRT-REQ-2');
    }
    for (const host of ['a..b', 'é', 'a b']) assert.equal(worker.outcome(ask(host), memo), 'PRT-REQ-3');
    worker.read(ask('b.example'), memo);
    assert.ok(worker.head.fields.isKept);
  });

  test('a proof of credentials stays with its connection and its lines', () => {
    const worker = new Worker();
    const [memo, other] = [worker.connect(), worker.connect()];
    const proof = { table: {}, user: 'alice', untilMs: Infinity };
    for (let i = 0; i < 3; i++) worker.read(ask('a.example'), memo);
    worker.head.fields.proof = proof;
    worker.read(ask('a.example'), memo);
    assert.equal(worker.head.fields.proof, proof);
    worker.read(ask('b.example'), memo);
    assert.equal(worker.head.fields.proof, proof, 'the credentials are the same');
    for (let i = 0; i < 3; i++) {
      worker.read(ask('a.example'), other);
      assert.equal(worker.head.fields.proof, undefined, 'another client');
    }
    for (let i = 0; i < 3; i++) {
      worker.read(ask('a.example').replace('X-A: 1', 'X-A: 2'), memo);
      assert.equal(worker.head.fields.proof, undefined, 'other lines');
    }
    worker.read(ask('a.example'), undefined);
    assert.equal(worker.head.fields.proof, undefined);
  });
});
