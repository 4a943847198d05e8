import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDirectives } from './parse-directives.ts';
import { readSnippet } from './read-snippet.ts';

describe('the syntax of nginx', () => {
  it('has words, quotation marks, blocks and comments', () => {
    const parsed = parseDirectives('a "b;c" \'d\\\'e\' ${x}f; # no {\nif ($y ~ "^/\\d{2}\\.x") { g; }\n');
    assert.deepEqual(parsed, {
      ok: true,
      value: [
        { name: 'a', args: ['b;c', "d'e", '${x}f'], block: undefined, line: 1 },
        {
          name: 'if',
          args: ['($y', '~', '^/\\d{2}\\.x', ')'],
          block: [{ name: 'g', args: [], block: undefined, line: 2 }],
          line: 2,
        },
      ],
    });
  });

  for (const [name, text] of [
    ['a directive without an end', 'a b'],
    ['a block without an end', 'if (x) { a;'],
    ['an end without a block', 'a; }'],
    ['a quotation mark without its counterpart', 'a "b;'],
    ['a lone semicolon', ';'],
    ['NUL', 'a \0;'],
    ['1 MB', 'a;'.repeat(500_000)],
    ['too many directives', 'a;'.repeat(501)],
    ['too many levels', 'a {'.repeat(50)],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.equal(parseDirectives(text).ok, false);
    });
  }
});

describe('a snippet', () => {
  it('becomes steps and rules', () => {
    const reading = readSnippet(
      `set $flag 0;
       if ($http_user_agent ~* "bot") { set $flag 1; add_header X-Bot $1 always; }
       if ( $flag = 1 ) { return 403; }
       rewrite ^/old/(.*)$ /new/$1 permanent;
       return https://$host$request_uri;
       more_set_headers -s '404 500' "A: $flag" "B";
       more_clear_headers X-Powered-*;
       proxy_set_header X-Up "";
       deny 10.0.0.0/8; allow all; expires 1h; proxy_hide_header ETag;`,
      'location',
    );
    assert.ok(reading.ok);
    assert.deepEqual(reading.value.snippet, {
      steps: [
        { kind: 'set', name: 'flag', value: '0' },
        {
          kind: 'if',
          condition: { kind: 'matches', variable: 'http_user_agent', pattern: 'bot', ignoresCase: true, isNegated: false },
          steps: [{ kind: 'set', name: 'flag', value: '1' }],
          rules: [{ kind: 'add-response', name: 'X-Bot', value: '$1', isAlways: true }],
        },
        {
          kind: 'if',
          condition: { kind: 'equals', variable: 'flag', text: '1', isNegated: false },
          steps: [{ kind: 'return', status: 403 }],
          rules: [],
        },
        { kind: 'rewrite', pattern: '^/old/(.*)$', replacement: '/new/$1', keepsQuery: true, flag: 301 },
        { kind: 'return', status: 302, location: 'https://$host$request_uri' },
      ],
      rules: [
        { kind: 'set-response', name: 'A', value: '$flag', when: { statuses: [404, 500] } },
        { kind: 'set-response', name: 'B', value: '', when: { statuses: [404, 500] } },
        { kind: 'clear-response', name: 'x-powered-', isPrefix: true, when: {} },
        { kind: 'set-request', name: 'X-Up', value: '' },
        { kind: 'expires', expiry: { kind: 'from-now', seconds: 3600 } },
        { kind: 'hide-response', name: 'etag' },
      ],
      addresses: [
        { isAllowed: false, addresses: '10.0.0.0/8' },
        { isAllowed: true, addresses: 'all' },
      ],
    });
  });

  const refused: readonly (readonly [text: string, reason: RegExp, isProtective: boolean])[] = [
    [
      'more_set_headers "A: b"; location / { return 200; }',
      /location in line 1, which is not interpreted at the level of a location: write a rule/,
      false,
    ],
    ['proxy_pass http://evil;', /proxy_pass in line 1/, false],
    ['access_by_lua_block { os.execute("id") }', /without ";"/, true],
    ['alias /etc/;', /alias in line 1/, false],
    ['deny 10.0.0.0/99;', /neither "all" nor an address/, true],
    ['auth_basic "x";', /auth-type/, true],
    ['if (-f /etc/passwd) { return 200; }', /files cannot be looked at/, false],
    ['if ($x ~ "(a") { break; }', /unknown variable \$x/, false],
    ['if ($host ~ "(a") { break; }', /pattern/, false],
    ['add_header A $nope;', /unknown variable \$nope/, false],
    ['add_header "A: b" c;', /no header name/, false],
    ['add_header A "b\\nc";', /control character/, false],
    ['proxy_set_header Content-Length 0;', /belongs to the connection/, false],
    ['proxy_set_header Host;', /needs a header and a value/, false],
    ['return 499;', /not between 200 and 599/, true],
    ['if ($host) { if ($args) { break; } }', /if in line 1, which has if in line 1, which is not interpreted in "if"/, false],
    ['if ($host) { deny all; }', /deny in line 1, which is not interpreted in "if": nginx does not allow it there/, true],
    ['if ($host) { proxy_set_header A b; }', /proxy_set_header in line 1, which is not interpreted in "if"/, false],
    ['set $host x;', /cannot change \$host/, false],
    ['return 301;', /needs a URL/, false],
    ['return 99999 x;', /status/, false],
    ['rewrite ^/a /b sideways;', /flag "sideways"/, false],
    ['expires soon;', /is not a time/, false],
    ['set host x;', /needs a variable/, false],
  ];
  for (const [text, reason, isProtective] of refused) {
    it(`is refused as a whole: ${text}`, () => {
      const reading = readSnippet(text, 'location');
      assert.ok(!reading.ok);
      assert.match(reading.error.message, reason);
      assert.equal(reading.error.isProtective, isProtective);
    });
  }

  it('of a server cannot hold what nginx does not pass on to locations', () => {
    assert.equal(readSnippet('proxy_set_header A b;', 'server').ok, false);
    assert.equal(readSnippet('more_set_input_headers "A: b";', 'server').ok, true);
  });
});
