// Snippets that nobody should write, and those that nobody has thought of: reading one never throws, takes time in proportion to it, and gives
// either all of it in the terms of the model, or a refusal that says why.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { annotationRows } from '../annotations/registry.ts';
import { configRowsByKey } from '../configmap/registry.ts';
import { readAuthSnippet } from './auth-headers.ts';
import { directiveRows, directivesByName, refusedDirectives, SNIPPET_PLACES } from './directive-list.ts';
import { mayProtect, readSnippet, variablesOf } from './read-snippet.ts';
import { mainSnippetProblem, streamSnippetProblem } from './stream-snippet.ts';

const hostile: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ['1 MB', 'deny all;\n'.repeat(100_000), /is longer than/],
  ['NUL', 'add_header A "b\0c";', /control character/],
  ['an escaped line end in a header', 'add_header A "b\\r\\nX: y";', /control character/],
  ['a line end in a header', 'more_set_headers "A: b\r\nX: y";', /control character/],
  ['a line end in a redirect', 'return 302 "https://x\n/y";', /control character/],
  ['a shell substitution', 'return 200 "$(id)";', /without a variable name/],
  ['the end of a block that is not there', 'return 200; } server { listen 1; }', /where a directive was expected/],
  ['a block without an end', 'if ($host = a) { return 200;', /line 0|an end/],
  ['a quotation mark without its counterpart', 'add_header A "b;', /quotation mark in line 1/],
  ['an include', 'include /etc/nginx/secret.conf;', /include in line 1, which is not interpreted: write what the file holds/],
  [
    'a Lua block',
    'content_by_lua_block { ngx.say(io.open("/etc/passwd"):read("*a")); }',
    /content_by_lua_block in line 1.*Lua is never run/,
  ],
  ['a Lua file', 'rewrite_by_lua_file /x.lua;', /Lua is never run/],
  ['a file of the pod', 'alias /var/run/secrets/;', /let a backend serve files/],
  ['a module', 'load_module x.so;', /load_module/],
  ['a name of control', '"a\tb" c;', /"a\\tb" in line 1/],
  ['a variable of nobody', 'add_header A $secret_key;', /unknown variable \$secret_key/],
  ['a pattern that takes exponential time', 'rewrite ^(a+)+\\1$ /x;', /a back-reference/],
  ['deep blocks', 'if ($host) {'.repeat(2000), /more than 8 levels/],
  ['many directives', 'break;'.repeat(1000), /more than 500 directives/],
  ['many patterns', 'rewrite ^/a /b;'.repeat(201), /more than 200 of "if", "rewrite" and "location"/],
  ['a header of the connection', 'add_header Transfer-Encoding chunked;', /belongs to the connection/],
  ['a header of the message', 'more_set_headers "Content-Length: 0";', /belongs to the connection/],
  ['a header name with a colon', 'add_header "A: b" c;', /no header name/],
];

describe('a hostile snippet', () => {
  for (const [name, text, reason] of hostile) {
    it(`is refused: ${name}`, () => {
      for (const place of SNIPPET_PLACES) assert.equal(readSnippet(text, place).ok, false, place);
      const reading = readSnippet(text, 'location');
      assert.ok(!reading.ok);
      assert.match(reading.error.message, reason);
      assert.ok(reading.error.message.length < 500);
    });
  }

  it('may protect where it is too long to be looked through', () => {
    assert.equal(mayProtect('x'.repeat(1_000_000)), true);
    assert.equal(mayProtect('add_header A b;'), false);
  });
});

const word = fc.oneof(
  fc.constantFrom(
    'set',
    '$a',
    '$host',
    '${b}',
    '=',
    '~*',
    '!~',
    '($a',
    '(',
    ')',
    'all',
    '10.0.0.0/8',
    '301',
    '444',
    'last',
    'always',
    '-s',
    '/x',
  ),
  fc.constantFrom(...directiveRows.map(({ name }) => name), ...Object.keys(refusedDirectives)),
  fc.string({ maxLength: 8 }),
);
const mark = fc.constantFrom(';', ';', ';', ' { ', ' } ', '\n', '"', "'", '#', '\\', '$', ' ');
const soup = fc.array(fc.oneof(word, word, mark), { maxLength: 60 }).map((parts) => parts.join(' '));

describe('any text', () => {
  it('is read or refused, never thrown', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 400 })), fc.constantFrom(...SNIPPET_PLACES), (text, place) => {
        const reading = readSnippet(text, place);
        if (!reading.ok) assert.ok(reading.error.message.length > 0 && reading.error.message.length < 2000);
        readAuthSnippet(text);
        variablesOf(text);
        mainSnippetProblem(text);
        streamSnippetProblem(text);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused as a whole where one directive is not in the list', () => {
    const unknown = fc.stringMatching(/^[a-z][a-z_]{2,20}$/).filter((name) => !directivesByName.has(name));
    const known = fc.array(fc.constantFrom('add_header A b;', 'deny all;', 'set $x 1;', 'return 403;', 'expires 1h;'), { maxLength: 6 });
    fc.assert(
      fc.property(known, unknown, known, (first, name, last) => {
        const reading = readSnippet([...first, `${name} x;`, ...last].join('\n'), 'location');
        assert.ok(!reading.ok);
        assert.ok(reading.error.message.startsWith(`has ${name} in line ${first.length + 1}, which is not interpreted`));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the list of directives', () => {
  it('has each name once', () => {
    const names = [...directiveRows.map(({ name }) => name), ...Object.keys(refusedDirectives)];
    assert.deepEqual(names, [...new Set(names)]);
  });

  it('sends nobody to a key or an annotation that there is not', () => {
    const annotations = new Set(annotationRows.map(({ name }) => name));
    const advice = [...Object.values(refusedDirectives), ...directiveRows.map(({ elsewhere = '' }) => elsewhere)];
    for (const text of advice) {
      for (const [, key = ''] of text.matchAll(/ConfigMap key ([a-z0-9-]+)/g)) assert.ok(configRowsByKey.has(key), `${text}: ${key}`);
      for (const [, one = '', other] of text.matchAll(/annotations? ([a-z0-9-]+)(?: (?:and|or) ([a-z]+-[a-z0-9-]+))?/g)) {
        for (const name of [one, other ?? one]) assert.ok(annotations.has(name), `${text}: ${name}`);
      }
    }
  });

  it('is what the reader reads: each directive somewhere, none elsewhere', () => {
    const examples: Readonly<Record<string, string>> = {
      set: 'set $a b;',
      if: 'if ($host) { break; }',
      return: 'return 403;',
      rewrite: 'rewrite ^/a /b last;',
      break: 'break;',
      add_header: 'add_header A b;',
      more_set_headers: 'more_set_headers "A: b";',
      more_clear_headers: 'more_clear_headers A;',
      more_set_input_headers: 'more_set_input_headers "A: b";',
      more_clear_input_headers: 'more_clear_input_headers A;',
      proxy_set_header: 'proxy_set_header A b;',
      proxy_hide_header: 'proxy_hide_header A;',
      expires: 'expires 1h;',
      allow: 'allow all;',
      deny: 'deny 10.0.0.0/8;',
      default_type: 'default_type text/plain;',
      satisfy: 'satisfy any;',
      client_max_body_size: 'client_max_body_size 1m;',
      client_body_buffer_size: 'client_body_buffer_size 8k;',
      proxy_connect_timeout: 'proxy_connect_timeout 5s;',
      proxy_read_timeout: 'proxy_read_timeout 1m;',
      proxy_send_timeout: 'proxy_send_timeout 60;',
      proxy_buffering: 'proxy_buffering off;',
      proxy_request_buffering: 'proxy_request_buffering off;',
      proxy_buffer_size: 'proxy_buffer_size 16k;',
      proxy_max_temp_file_size: 'proxy_max_temp_file_size 0;',
      proxy_cookie_domain: 'proxy_cookie_domain a.test b.test;',
      proxy_cookie_path: 'proxy_cookie_path / "/; Secure";',
      proxy_http_version: 'proxy_http_version 1.1;',
      limit_rate: 'limit_rate 100k;',
      limit_rate_after: 'limit_rate_after 1m;',
      gzip: 'gzip off;',
      access_log: 'access_log off;',
      map: 'map $host $a { default 0; a 1; ~*b 2; }',
      location: 'location /a { return 403; }',
    };
    assert.deepEqual(
      Object.keys(examples),
      directiveRows.map(({ name }) => name),
    );
    for (const { name, places } of directiveRows) {
      for (const place of SNIPPET_PLACES) {
        const reading = readSnippet(examples[name] ?? '', place);
        assert.equal(reading.ok, places.includes(place), `${name} in ${place}`);
      }
    }
  });
});
