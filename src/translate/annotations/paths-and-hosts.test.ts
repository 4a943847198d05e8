// Values of the annotations about paths, redirects and hosts: what each accepts, and what becomes of an Ingress with a value that is wrong,
// huge or hostile.
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { hostAnnotations } from './host.ts';
import { pathAnnotations } from './paths.ts';
import { PREFIX, read } from './annotations-fixture.ts';
import type { IngressAnnotations } from './read-annotations.ts';
import { redirectAnnotations, redirectOf } from './redirects.ts';
import type { AnnotationDraft } from './row.ts';

type Outcome = 'default' | 'drop';
const invalid: readonly (readonly [name: string, outcome: Outcome, values: readonly string[]])[] = [
  ['rewrite-target', 'default', ['foo', '/a b', '/a?b', '/$', '/$nothing', 'ftp://x/', '/a;b', '/%41', '/{x}']],
  ['use-regex', 'default', ['yes', 'on', '2']],
  ['app-root', 'default', ['foo', 'https://x.example/', '/a b', '/%zz', '/$host', '/"']],
  ['x-forwarded-prefix', 'drop', ['/a b', '/$', '/$nothing', '/a"', '  ']],
  ['permanent-redirect', 'drop', ['foo', 'ftp://x', 'https://x.example$request_uri', 'https://x.example/a b', '//\\x', '  ']],
  ['permanent-redirect-code', 'drop', ['moved', '301.5', '0x12d']],
  ['temporal-redirect', 'drop', ['https://x.example/$1', 'https://x y', '  ']],
  ['temporal-redirect-code', 'drop', ['x']],
  ['from-to-www-redirect', 'drop', ['yes', 'www']],
  ['server-alias', 'drop', ['bad alias;{', 'a..b', '*.*.x', 'x.*.y', 'a.example/x', '~a b', 'a,b c', '~']],
  ['ssl-ciphers', 'drop', ['nonsense', 'A B;', 'ECDHE-RSA-AES128-GCM-SHA256;x']],
];
const hostile = [
  '/a\r\nX-Evil: 1',
  '/a\nb',
  'https://x.example/\r\nx',
  '/\0',
  '$(id)',
  '`id`',
  '/$(id)',
  `/${'x'.repeat(1_000_000)}`,
  `~${'a'.repeat(5000)}`,
];

function outcomeOf({ verdict, findings }: IngressAnnotations): string {
  return `${verdict} ${findings.map(({ code }) => code).join(' ')}`;
}

describe('a value that is not valid', () => {
  for (const [name, outcome, values] of invalid) {
    for (const value of [...values, ...hostile]) {
      it(`of ${name}: ${JSON.stringify(value).slice(0, 60)}`, () => {
        const reading = read({ [name]: value });
        const expected = outcome === 'drop' ? 'ignore PRT-ANN-5' : 'serve PRT-ANN-3';
        assert.equal(outcomeOf(reading), expected);
        assert.deepEqual({ ...reading.values, redirects: {} }, { ...read({}).values, redirects: {} });
        assert.ok((reading.findings[0]?.message.length ?? 0) < 1000);
        assert.equal(reading.findings[0]?.field, `metadata.annotations["${PREFIX}/${name}"]`);
      });
    }
  }

  it('is tested for every annotation of these families that is supported', () => {
    const supported = [...pathAnnotations, ...redirectAnnotations, ...hostAnnotations].filter(({ status }) => status.kind === 'supported');
    assert.deepEqual(supported.map(({ name }) => name).sort(), invalid.map(([name]) => name).sort());
  });
});

const valid: readonly (readonly [name: string, value: string, member: keyof AnnotationDraft, read: unknown])[] = [
  ['rewrite-target', '/$2', 'rewriteTarget', '/$2'],
  ['rewrite-target', '  /new \n', 'rewriteTarget', '/new'],
  ['rewrite-target', '$1', 'rewriteTarget', '$1'],
  ['rewrite-target', 'https://x.example/$1', 'rewriteTarget', 'https://x.example/$1'],
  ['rewrite-target', '/$host/$1', 'rewriteTarget', '/$host/$1'],
  ['use-regex', 'T', 'useRegex', true],
  ['app-root', '/#/login?next=%2F', 'appRoot', '/#/login?next=%2F'],
  ['x-forwarded-prefix', '/api/$1', 'forwardedPrefix', '/api/$1'],
  ['from-to-www-redirect', '1', 'wwwRedirect', true],
  [
    'server-alias',
    'A.example, *.B.example ,c.*,.d.example,~^E[0-9]+,a.example',
    'serverAliases',
    ['a.example', '*.b.example', 'c.*', 'd.example', '*.d.example', '~^E[0-9]+'],
  ],
  ['ssl-ciphers', 'ECDHE-RSA-AES128-GCM-SHA256:!aNULL@STRENGTH', 'ciphers', 'ECDHE-RSA-AES128-GCM-SHA256:!aNULL@STRENGTH'],
];
describe('a value that is valid', () => {
  for (const [name, value, member, expected] of valid) {
    it(`of ${name}: ${JSON.stringify(value)}`, () => {
      const reading = read({ [name]: value });
      assert.equal(outcomeOf(reading), 'serve ');
      assert.deepEqual(reading.values[member], expected);
    });
  }
});

const redirects: readonly (readonly [annotations: Readonly<Record<string, string>>, redirect: unknown])[] = [
  [{ 'permanent-redirect': 'https://x.example' }, { statusCode: 301, to: { kind: 'url', url: 'https://x.example' } }],
  [{ 'permanent-redirect': '/x' }, { statusCode: 301, to: { kind: 'path', path: '/x' } }],
  [
    { 'permanent-redirect': '/x', 'permanent-redirect-code': '308' },
    { statusCode: 308, to: { kind: 'path', path: '/x' } },
  ],
  [
    { 'permanent-redirect': '/x', 'permanent-redirect-code': '309' },
    { statusCode: 301, to: { kind: 'path', path: '/x' } },
  ],
  [
    { 'temporal-redirect': 'http://x.example', 'permanent-redirect': '/x' },
    { statusCode: 302, to: { kind: 'url', url: 'http://x.example' } },
  ],
  [
    { 'temporal-redirect': 'http://x.example', 'temporal-redirect-code': '308' },
    { statusCode: 302, to: { kind: 'url', url: 'http://x.example' } },
  ],
  [{ 'temporal-redirect': 'ftp://x.example', 'permanent-redirect': '/x' }, undefined],
  [{ 'permanent-redirect-code': '308' }, undefined],
];
test('redirects', () => {
  for (const [annotations, redirect] of redirects)
    assert.deepEqual(redirectOf(read(annotations).values), redirect, JSON.stringify(annotations));
});

test('an alias whose pattern is not supported is left out, the others stay', () => {
  const reading = read({ 'server-alias': 'a.test,~a(?=b),~^c' });
  assert.equal(outcomeOf(reading), 'serve PRT-ANN-3');
  assert.deepEqual(reading.values.serverAliases, ['a.test', '~^c']);
});
