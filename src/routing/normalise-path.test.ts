import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPlainPath, normalisePath } from './normalise-path.ts';
import type { BadPathReason } from './normalise-path.ts';

function check(rawPath: string, path: string, forwardPath: string): void {
  const normalised = normalisePath(rawPath);
  assert.equal(normalised.kind, 'ok', `${rawPath}: ${normalised.kind === 'bad' ? normalised.reason : ''}`);
  assert.deepEqual([normalised.path, normalised.forwardPath], [path, forwardPath], rawPath);
}

test('resolves dot segments for matching and for the upstream', () => {
  check('/a/../b', '/b', '/b');
  check('/a/%2e%2E/b', '/b', '/b');
  check('/a/.%2e/b', '/b', '/b');
  check('/a/./b', '/a/b', '/a/b');
  check('/a/b/.', '/a/b/', '/a/b/');
  check('/a/..', '/', '/');
  check('/a/b/..', '/a/', '/a/');
  check('/.', '/', '/');
  check('/a/b/../%20c', '/a/ c', '/a/%20c');
  check('/...', '/...', '/...');
  check('/.a/..b', '/.a/..b', '/.a/..b');
});

test('sends everything else as received', () => {
  check('/api/a%20b%2Fc', '/api/a b/c', '/api/a%20b%2Fc');
  check('/a//b///', '/a/b/', '/a//b///');
  check('//b.example/x', '/b.example/x', '//b.example/x');
  check('/a%5Cb', '/a\\b', '/a%5Cb');
  check('/a;b=1/c', '/a;b=1/c', '/a;b=1/c');
  check('/a;..', '/a;..', '/a;..');
  check('/a%23b%3f', '/a#b?', '/a%23b%3f');
  check('/a%0d%0aX-Injected:%201', '/a\r\nX-Injected: 1', '/a%0d%0aX-Injected:%201');
  check('/', '/', '/');
});

test('matches an encoded slash as a slash', () => {
  check('/admin%2Fx', '/admin/x', '/admin%2Fx');
  check('/%2Fadmin', '/admin', '/%2Fadmin');
  check('/a/%2f%2F', '/a/', '/a/%2f%2F');
});

test('merges slashes before it resolves dot segments, for the upstream too', () => {
  check('/a//../b', '/b', '/b');
  check('/a/..//b', '/b', '//b');
  check('/.//b', '/b', '//b');
});

test('decodes once', () => {
  check('/a/%252e%252e/b', '/a/%2e%2e/b', '/a/%252e%252e/b');
  check('/%2541', '/%41', '/%2541');
});

test('decodes UTF-8, and keeps other bytes apart from every character', () => {
  check('/caf%C3%A9', '/café', '/caf%C3%A9');
  check('/%E4%BD%A0', '/你', '/%E4%BD%A0');
  check('/%F0%9F%98%80', '/😀', '/%F0%9F%98%80');
  check('/%c0%ae%c0%ae/b', '/\udcc0\udcae\udcc0\udcae/b', '/%c0%ae%c0%ae/b');
  check('/caf%E9', '/caf\udce9', '/caf%E9');
  check('/caf%C3%A9/%ff', '/café/\udcff', '/caf%C3%A9/%ff');
  check('/%ED%A0%80', '/\udced\udca0\udc80', '/%ED%A0%80');
  check('/%E4%BD', '/\udce4\udcbd', '/%E4%BD');
  check('/%E4%BD/%A0', '/\udce4\udcbd/\udca0', '/%E4%BD/%A0');
});

test('tells that a separator is encoded', () => {
  for (const [rawPath, expected] of [
    ['/a%2fb', true],
    ['/a%5cb', true],
    ['/a%20b/', false],
    ['/a%2fb/x', true],
  ] as const) {
    const normalised = normalisePath(rawPath);
    assert.equal(normalised.kind === 'ok' && normalised.hasEncodedSeparator, expected, rawPath);
  }
});

const refused: Readonly<Record<BadPathReason, readonly string[]>> = {
  'not-absolute': ['', '*', 'a/b', '%2Fa'],
  'bad-escape': ['/a%zzb', '/a%2', '/a%', '/a%%20b', '/%u002e', '/%2/b', '/% 20', '/a/%2%65'],
  'encoded-nul': ['/a%00b', '/%00'],
  backslash: ['/a\\b', '/..\\x'],
  'above-root': ['/..', '/../../etc/passwd', '/a/../../../../b', '/%2e%2e/a', '//../a', '/a/..//../b'],
  'hidden-dot-segment': [
    '/a%5C..%5Cb',
    '/a/..%5c..%5cb',
    '/a/..%2fb',
    '/a/%2e%2e%2fb',
    '/a/.%2f',
    '/a/%2e%2e;/b',
    '/a/..;x=1/b',
    '/a/.;/b',
    '/..%3b/b',
    '/a/x%2f..%3b',
    '/%5c.',
  ],
  'dot-segment-after-encoded-slash': ['/a%2Fb/../c', '/a/%2F/../c', '/a/%2f%2f/..'],
};

for (const [reason, rawPaths] of Object.entries(refused)) {
  test(`refuses: ${reason}`, () => {
    for (const rawPath of rawPaths) assert.deepEqual(normalisePath(rawPath), { kind: 'bad', reason }, rawPath);
  });
}

const rawPathArbitrary = fc
  .array(fc.constantFrom('/', '//', '.', '..', 'a', 'b', ';', '%2e', '%2F', '%5c', '%25', '%3b', '%C3%A9', '%ff', '%41', '%4', '\\', ' '), {
    maxLength: 9,
  })
  .map((parts) => `/${parts.join('')}`);

test('what is accepted is normal, and what is sent means the same again', () => {
  fc.assert(
    fc.property(rawPathArbitrary, (rawPath) => {
      const normalised = normalisePath(rawPath);
      if (normalised.kind === 'bad') return;
      const { path, forwardPath } = normalised;
      assert.match(path, /^\//);
      assert.doesNotMatch(path, /\/\/|\/\.{1,2}(?:[/;\\]|$)/);
      assert.deepEqual(normalisePath(forwardPath), normalised);
      // A backend may take both encoded separators for separators, and merge slashes or not: it finds no dot segment.
      const asOthersReadIt = forwardPath.replace(/%2e/gi, '.').replace(/%2f|%5c/gi, '/');
      assert.doesNotMatch(asOthersReadIt, /\/\.{1,2}(?:[/;]|$)/);
    }),
    { numRuns: 5000 },
  );
});

test('a path without dot segments is sent byte for byte', () => {
  fc.assert(
    fc.property(rawPathArbitrary, (rawPath) => {
      const normalised = normalisePath(rawPath);
      const hasDotSegment = rawPath.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
      if (normalised.kind === 'ok' && !hasDotSegment) assert.equal(normalised.forwardPath, rawPath);
    }),
    { numRuns: 2000 },
  );
});

test('a plain path is its own normal form', () => {
  for (const plain of ['/', '/a/b', '/a.b/..', '/a..b', '/a/']) assert.equal(isPlainPath(plain), !plain.includes('/.'), plain);
  fc.assert(
    fc.property(fc.oneof(rawPathArbitrary, fc.webPath()), (rawPath) => {
      if (!isPlainPath(rawPath)) return;
      assert.deepEqual(normalisePath(rawPath), { kind: 'ok', path: rawPath, forwardPath: rawPath, hasEncodedSeparator: false });
    }),
    { numRuns: 2000 },
  );
});
