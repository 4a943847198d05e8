import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseProxyHeader } from './proxy-header.ts';

const signature = '0d0a0d0a000d0a515549540a';

function v2(rest: string): Buffer {
  return Buffer.from(signature + rest, 'hex');
}

describe('PROXY protocol version 1', () => {
  test('tells source and destination port', () => {
    const text = 'PROXY TCP4 192.0.2.1 198.51.100.1 5000 443\r\n';
    const answer = parseProxyHeader(Buffer.from(`${text}GET /`));
    assert.deepEqual(answer, {
      kind: 'header',
      header: { source: { address: '192.0.2.1', port: 5000, destinationPort: 443 }, length: text.length },
    });
  });

  test('may say that it does not know', () => {
    assert.deepEqual(parseProxyHeader(Buffer.from('PROXY UNKNOWN whatever\r\n')), {
      kind: 'header',
      header: { source: undefined, length: 24 },
    });
  });

  test('is awaited byte by byte', () => {
    const text = 'PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n';
    for (let end = 0; end < text.length; end++) assert.equal(parseProxyHeader(Buffer.from(text.slice(0, end))).kind, 'more');
    assert.equal(parseProxyHeader(Buffer.from(text)).kind, 'header');
  });

  test('is refused where it is malformed', () => {
    const bad = [
      'GET / HTTP/1.1\r\n',
      'PROXY TCP4 192.0.2.1 198.51.100.1 5000\r\n',
      'PROXY TCP4 2001:db8::1 198.51.100.1 5000 443\r\n',
      'PROXY TCP4 192.0.2.1 198.51.100.1 05000 443\r\n',
      'PROXY TCP4 192.0.2.1 198.51.100.1 70000 443\r\n',
      `PROXY UNKNOWN ${'x'.repeat(100)}`,
    ];
    for (const text of bad) assert.equal(parseProxyHeader(Buffer.from(text)).kind, 'bad', text);
  });
});

describe('PROXY protocol version 2', () => {
  test('tells an IPv4 source and skips extensions', () => {
    const answer = parseProxyHeader(v2('2111000f' + 'c0000201' + 'c6336401' + '1388' + '01bb' + '040000'));
    assert.deepEqual(answer, {
      kind: 'header',
      header: { source: { address: '192.0.2.1', port: 5000, destinationPort: 443 }, length: 31 },
    });
  });

  test('tells an IPv6 source in its canonical form', () => {
    const answer = parseProxyHeader(
      v2('21210024' + '20010db8000000000000000000000001' + '20010db8000000000000000000000002' + '0001' + '0002'),
    );
    assert.equal(answer.kind === 'header' && answer.header.source?.address, '2001:db8::1');
  });

  test('speaks for the proxy itself with LOCAL', () => {
    assert.deepEqual(parseProxyHeader(v2('20000000')), { kind: 'header', header: { source: undefined, length: 16 } });
  });

  test('is refused where it is malformed', () => {
    for (const rest of ['1111000c', `2211000c${'00'.repeat(12)}`, '2111ffff', '21110004c0000201'])
      assert.equal(parseProxyHeader(v2(rest)).kind, 'bad', rest);
    assert.equal(parseProxyHeader(Buffer.from('0d0a0d0a000d0a515549540b', 'hex')).kind, 'bad');
  });
});
