import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessLogSettings } from '../../model/settings.ts';
import type { RecordOverrides } from '../record-fixture.ts';
import { createRecord } from '../record-fixture.ts';
import { checkLogFormat, compileAccessLogFormat } from './access-log.ts';
import { MAX_LINE_LENGTH } from './bounded-line.ts';

const DEFAULT_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length ' +
  '$request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length ' +
  '$upstream_response_time $upstream_status $req_id';

const deps = { ports: { http: 8080, https: 8443 }, hostname: 'portico-0', pid: 17 };

function settings(textFormat: string, escape: AccessLogSettings['escape']): AccessLogSettings {
  return { enabled: true, format: 'text', textFormat, escape, skipUrls: [], defaultBackend: false };
}

function line(format: string, overrides: RecordOverrides = {}, escape: AccessLogSettings['escape'] = 'default'): string {
  const compiled = compileAccessLogFormat(settings(format, escape), deps);
  assert.deepEqual(compiled.problems, []);
  return compiled.format(createRecord(overrides));
}

test('prints the default format of ingress-nginx', () => {
  const requestHeaders = { referer: 'http://ref.test/', 'user-agent': 'agent/1' };
  const date = new Date(Date.UTC(2026, 10, 24, 18, 47, 0));
  const two = (number: number): string => String(number).padStart(2, '0');
  const local = `${two(date.getDate())}/Nov/2026:${two(date.getHours())}:${two(date.getMinutes())}:00`;
  const text = line(DEFAULT_FORMAT, { requestHeaders });
  assert.equal(
    text.replace(/ [+-]\d{4}\]/, ' ZONE]'),
    `192.0.2.7 - - [${local} ZONE] "GET /app/deep?x=1 HTTP/1.1" 200 1000 "http://ref.test/" "agent/1" 95 0.012 [default-web-80] [] ` +
      '10.0.0.1:8080 1000 0.011 200 f3a1',
  );
});

test('prints missing values as a dash, and set but empty ones as nothing', () => {
  const none = { upstreamName: '', attempts: [], requestId: '', method: '', target: '' };
  assert.equal(line('$remote_user|$http_x|$upstream_addr|$upstream_status|$request|$args', none), '-|-|-|-|-|-');
  assert.equal(line('[$proxy_upstream_name] [$proxy_alternative_upstream_name] [$https]', none), '[-] [] []');
  assert.equal(line('[$http_x] [$upstream_addr]', none, 'json'), '[] []');
  assert.equal(line('[$http_x] [$upstream_addr]', none, 'none'), '[] []');
});

test('escapes as nginx does in each mode', () => {
  const requestHeaders = { x: 'say "two" \\ now\t\x7f\xe9\x01' };
  assert.equal(line('"$http_x"', { requestHeaders }), '"say \\x22two\\x22 \\x5C now\\x09\\x7F\\xE9\\x01"');
  assert.equal(line('"$http_x"', { requestHeaders }, 'json'), '"say \\"two\\" \\\\ now\\t\x7f\ufffd\\u0001"');
  assert.equal(line('"$http_x"', { requestHeaders: { x: 'say "three" now' } }, 'none'), '"say "three" now"');
});

test('decodes UTF-8 where bytes are let through, and shows bytes elsewhere', () => {
  const requestHeaders = { x: Buffer.from('grün €').toString('latin1') };
  assert.equal(line('$http_x', { requestHeaders }, 'json'), 'grün €');
  assert.equal(line('$http_x', { requestHeaders }, 'none'), 'grün €');
  assert.equal(line('$http_x', { requestHeaders }), 'gr\\xC3\\xBCn \\xE2\\x82\\xAC');
  // Text that is no latin1, which only Portico itself could have made.
  assert.equal(line('$remote_user', { remoteUser: '€' }), '\\xE2\\x82\\xAC');
});

test('no mode lets a value break the line', () => {
  for (const escape of ['default', 'json', 'none'] as const) {
    const text = line('$remote_user', { remoteUser: 'a\r\n127.0.0.1 forged' }, escape);
    assert.doesNotMatch(text, /[\r\n]/);
  }
  assert.equal(line('a\nb $status'), 'a b 200');
});

test('lists several attempts in order', () => {
  const failed = { address: '10.0.0.9:80', status: 0, responseBytes: 0, connectSeconds: -1, headerSeconds: -1, responseSeconds: -1 };
  const answered = {
    ...failed,
    address: '[fd00::1]:80',
    status: 200,
    responseBytes: 12,
    connectSeconds: 0,
    headerSeconds: 0.0019,
    responseSeconds: 1.25,
  };
  const format =
    '$upstream_addr|$upstream_status|$upstream_response_length|$upstream_connect_time|$upstream_header_time|$upstream_response_time';
  assert.equal(line(format, { attempts: [failed, answered] }), '10.0.0.9:80, [fd00::1]:80|502, 200|0, 12|-, 0.000|-, 0.001|-, 1.250');
  assert.equal(line('$upstream_status', { attempts: [failed, failed], errorCode: 'PRT-UP-3' }), '502, 504');
  assert.equal(line('$upstream_status', { attempts: [failed], errorCode: 'PRT-REQ-18' }), '-');
});

test('knows the variables of requests, routes and connections', () => {
  const requestHeaders = {
    host: 'Shop.Test:80',
    cookie: 'a=1; sid=x=y; b=2',
    'x-forwarded-for': '203.0.113.9',
    'content-type': 'text/plain',
  };
  const connection = {
    serial: 12,
    requests: 3,
    peerAddress: '10.1.1.1',
    proxyProtocolAddress: '',
    tlsProtocol: 'TLSv1.3',
    tlsCipher: 'TLS_AES_128_GCM_SHA256',
    tlsServerName: 'shop.test',
  };
  const overrides = {
    requestHeaders,
    responseHeaders: { server: 'echo' },
    connection,
    scheme: 'https',
    target: '/a%20b?Q=1&q2=z&r',
    uri: () => '/a b',
  } as const;
  const cases: Readonly<Record<string, string>> = {
    '$host $http_host $best_http_host': 'shop.test Shop.Test:80 Shop.Test:80',
    '$scheme $https $server_port $pass_port $server_protocol': 'https on 8443 443 HTTP/1.1',
    '$request_method $request_uri $uri': 'GET /a%20b?Q=1&q2=z&r /a b',
    '$args$is_args $arg_q $arg_Q2 $arg_r': 'Q=1&q2=z&r? 1 z -',
    '$cookie_sid $cookie_b $cookie_c': 'x=y 2 -',
    $proxy_add_x_forwarded_for: '203.0.113.9, 192.0.2.7',
    '$content_type $content_length': 'text/plain -',
    '$sent_http_server $upstream_http_server $upstream_http_etag': 'echo echo -',
    'L $namespace/$ingress_name $service_name:$service_port $location_path': 'L default/shop web:80 /app',
    '$connection $connection_requests $realip_remote_addr': '12 3 10.1.1.1',
    '$proxy_protocol_addr $ssl_protocol $ssl_cipher $ssl_server_name': '- TLSv1.3 TLS_AES_128_GCM_SHA256 shop.test',
    '$hostname $pid $remote_port $bytes_sent $msec': 'portico-0 17 51234 1234 1795546020.135',
    '${status}x ${host}': '200x shop.test',
  };
  for (const [format, expected] of Object.entries(cases)) assert.equal(line(format, overrides), expected, format);
});

test('prints whole and half-hour time zones and both forms of time', () => {
  assert.match(line('$time_iso8601'), /^2026-11-2[45]T\d\d:[0-5]\d:00[+-]\d\d:\d\d$/);
  assert.match(line('$time_local'), /^2[45]\/Nov\/2026:\d\d:[0-5]\d:00 [+-]\d{4}$/);
  assert.equal(line('$request_time', { durationSeconds: 61.0019 }), '61.001');
  assert.equal(line('$request_time', { durationSeconds: 1.001 }), '1.001');
});

test('reports unknown variables and stray dollars, and prints the rest', () => {
  const text = 'a $nope b $geoip2_city_country $ c';
  assert.deepEqual(
    checkLogFormat(text)
      .map((problem) => problem.variable)
      .sort(),
    ['', 'geoip2_city_country', 'nope'],
  );
  assert.equal(compileAccessLogFormat(settings(text, 'default'), deps).format(createRecord()), 'a - b - $ c');
  assert.deepEqual(checkLogFormat(DEFAULT_FORMAT), []);
});

test('keeps lines bounded however long the values are', () => {
  const requestHeaders = { referer: '"'.repeat(30_000), 'user-agent': '\xff'.repeat(30_000) };
  const text = line(DEFAULT_FORMAT, { requestHeaders, target: `/${'a'.repeat(60_000)}` });
  assert.ok(text.length <= MAX_LINE_LENGTH, String(text.length));
  assert.match(text, / f3a1$/);
  assert.match(text, /"GET \/a+\.\.\." 200 1000 "(\\x22)+\.\.\." "(\\xFF)+\.\.\." 95 /);
});
