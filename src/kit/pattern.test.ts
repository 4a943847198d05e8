import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compileExactCasePattern, compilePathPattern, compileSearchPattern } from './pattern.ts';
import type { Pattern } from './pattern.ts';
import { parseSimplePattern } from './simple-pattern.ts';

type Capture = ReturnType<Pattern['capture']>;

function compiled(pattern: string): Pattern {
  const result = compilePathPattern(pattern);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

test('a pattern for any place takes look-aheads behind its ^', () => {
  const exact = compileExactCasePattern('^/(?!api/)(.*)$');
  assert.ok(exact.ok);
  assert.deepEqual(exact.value.capture('/shop'), ['/shop', 'shop']);
  assert.equal(exact.value.test('/api/x'), false);
  assert.equal(exact.value.test('/API/x'), true);
  const search = compileSearchPattern('^(?=.*b)A');
  assert.ok(search.ok);
  assert.deepEqual(
    ['acb', 'xab', 'aca'].map((text) => search.value.test(text)),
    [true, false, false],
  );
  for (const pattern of ['(?!api)x', 'x|^/(?!a)b', '^a*(?=b)']) {
    const refused = compileExactCasePattern(pattern);
    assert.ok(!refused.ok, pattern);
    assert.match(refused.error, /a look-ahead that is not at a fixed distance from the start/);
  }
});

test('a path pattern is anchored at the start only and ignores case', () => {
  const pattern = compiled('/Id/[0-9]+');
  assert.deepEqual(
    ['/id/1', '/ID/12a', '/id/', '/x/id/1'].map((path) => pattern.test(path)),
    [true, true, false, false],
  );
});

test('captures are those of the first match; a group that took no part is undefined', () => {
  assert.deepEqual(compiled('/a(/|$)(.*)').capture('/a/x/y'), ['/a/x/y', '/', 'x/y']);
  assert.deepEqual(compiled('/(a)?(b)?').capture('/b'), ['/b', undefined, 'b']);
  assert.equal(compiled('/a(.)').capture('/a'), undefined);
});

test('the end of a text is also before a line end that is its last character, as for PCRE', () => {
  const search = compileSearchPattern('\\.php$');
  assert.ok(search.ok);
  assert.deepEqual(
    ['/a.php', '/a.PHP\n', '/a.php\n\n', '/a.php\nx', '/a.phpx\n'].map((path) => search.value.test(path)),
    [true, true, false, false, false],
  );
  assert.deepEqual(compiled('/(a)$').capture('/a\n'), ['/a', 'a']);
  assert.equal(compiled('/(?!admin$)(.*)').test('/admin\n'), false);
  assert.deepEqual(compiled('/(.*)').capture('/a\n'), ['/a', 'a']);
});

test('a search pattern matches anywhere', () => {
  const result = compileSearchPattern('shop[0-9]\\.');
  assert.ok(result.ok);
  assert.deepEqual(
    ['my.shop1.example', 'shop.example'].map((name) => result.value.test(name)),
    [true, false],
  );
});

const text = fc.array(fc.constantFrom('a', 'b', 'c', '/', '1', '.', 'ab'), { maxLength: 8 }).map((parts) => `/${parts.join('')}`);

describe('a look-ahead at a fixed distance from the start means what it means to PCRE', () => {
  for (const pattern of [
    '/(?!a|b)(.*)',
    '/((?!ab).*)',
    '/[ab](?=c)(.*)$',
    '/(?!(a|b)c)(.)(.*)',
    '/ab(?!c)',
    '/(?!a)(?!b)(.*)',
    '/(?:(?!c).)a',
    '(?!/a)/(.*)',
    '/\\w(?!\\d)[a-c](.*)',
    '/(?!.*\\.$)(.*)',
    '/(?![|)])(.*)',
  ]) {
    test(pattern, () => {
      const pcre = new RegExp(`^${pattern}`, 'i');
      const ours = compiled(pattern);
      fc.assert(
        fc.property(text, (path) => {
          const expected = pcre.exec(path);
          const groups = (match: readonly (string | undefined)[] | null | undefined): readonly string[] | undefined =>
            match?.map((group) => group ?? '');
          assert.deepEqual(groups(ours.capture(path)), groups(expected));
          assert.equal(ours.test(path), expected !== null);
        }),
        { numRuns: 300 },
      );
    });
  }
});

const refused: readonly (readonly [pattern: string, error: RegExp])[] = [
  ['/a(?<=b)', /a look-behind/],
  ['/a(?<!b)', /a look-behind/],
  ['/a+(?!b)', /a look-ahead that is not at a fixed distance/],
  ['/(x|(?!y))z', /a look-ahead that is not at a fixed distance/],
  ['/(?!a)*b', /a look-ahead that is not at a fixed distance/],
  ['/(?=(b))b', /a group inside a look-ahead/],
  [`/${'(?!a)'.repeat(9)}`, /more than 8 look-aheads/],
  ['/(?>a)', /an atomic group/],
  ['/(a)\\1', /a back-reference/],
  ['/a*+', /a possessive quantifier/],
  ['/(?|a)', /a branch reset group/],
  ['/(?#x)', /a comment/],
  ['/\\K', /an escape sequence of PCRE/],
  ['(', /missing closing \)/],
  ['/a[', /missing closing \]/],
  ['/x{2000}', /invalid repeat count/],
  ['/((a{100}){100}){100}', /invalid repeat count/],
  [`/${'a'.repeat(1024)}`, /longer than 1024 characters/],
];
describe('what cannot be run in linear time, or not be read, is refused by name', () => {
  for (const [pattern, error] of refused) {
    test(pattern.slice(0, 40), () => {
      const result = compilePathPattern(pattern);
      assert.ok(!result.ok);
      assert.match(result.error, error);
    });
  }
});

test('a sign of a construct inside a class or an escape is none', () => {
  for (const pattern of ['/[(?<=]a(', '/\\(?=(']) {
    const result = compilePathPattern(pattern);
    assert.ok(!result.ok);
    assert.match(result.error, /missing closing \)/);
  }
});

describe('a pattern that is matched by hand means what it means to RE2', () => {
  const literals = ['/', '/foo', '/Foo/', '/a\\.b', '/a-b_c~1', '/k', '/s'];
  const endings = ['', '$', '(.*)', '(.*)$', '(.+)', '(.+)$', '(/|$)', '(/|$)(.*)', '(/|$)(.*)$'];
  const path = fc
    .tuple(
      fc.constantFrom('/', '/foo', '/FOO/', '/a.b', '/axb', '/A-B_c~1', '/\u212a', '/K', '/\u017f', '/s'),
      fc.array(fc.constantFrom('/', 'x', '\n', '\u00e9', ' ', '.'), { maxLength: 4 }),
    )
    .map(([start, rest]) => start + rest.join(''));
  for (const pattern of literals.flatMap((literal) => endings.map((ending) => literal + ending))) {
    test(pattern, () => {
      assert.ok(parseSimplePattern(pattern) !== undefined);
      const re2 = RE2JS.compile(`^${pattern}`, RE2JS.CASE_INSENSITIVE);
      const ours = compiled(pattern);
      fc.assert(
        fc.property(path, (text) => {
          const find = (whole: string): Capture => {
            const matcher = re2.matcher(whole);
            if (!matcher.find()) return undefined;
            return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
          };
          const expected = find(text) ?? (text.endsWith('\n') ? find(text.slice(0, -1)) : undefined);
          assert.deepEqual(ours.capture(text), expected);
          assert.equal(ours.test(text), expected !== undefined);
        }),
        { numRuns: 200 },
      );
    });
  }

  test('what only looks as simple is not', () => {
    for (const pattern of ['/foo?', '/foo*(.*)', '/a.b(.*)', '/foo{2}', '/foo|/bar', '/foo(/|$)?(.*)', '/foo/?(.*)', '/foo\\d', '']) {
      assert.equal(parseSimplePattern(pattern), undefined, pattern);
    }
  });
});
