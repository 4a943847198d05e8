// Every supported annotation against values that nobody should write: they are refused with a reason, or what is understood of them can
// do no harm. The object, the field and what becomes of the routes are the reader's business (read-annotations.ts).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseObject } from '../../resources/parse-object.ts';
import { annotationRows } from './registry.ts';
import { readAnnotations } from './read-annotations.ts';
import type { IngressAnnotations } from './read-annotations.ts';

const values: readonly (readonly [name: string, text: string])[] = [
  ['nonsense', '\u0001?'],
  ['CR and LF', 'a\r\nX-Injected: 1'],
  ['NUL', 'a\0b'],
  ['a shell substitution', '$(id)'],
  ['a Lua block', 'access_by_lua_block { os.execute("id") }'],
  ['the end of a directive', 'x; return 200 "y"; #'],
  ['another line of nginx', 'x"; } location /y { proxy_pass http://z; }'],
  ['a path out of the tree', '../../../etc/passwd'],
  ['text that is no latin1', '☃'],
  ['as long as Kubernetes allows', 'a'.repeat(250_000)],
  ['nothing but commas', ','.repeat(250_000)],
  ['a pattern that takes exponential time', '^(a+)+$'],
  ['deep parentheses', '('.repeat(5000)],
];

/** Their text is looked at later, where it is known whether they are allowed. */
const TEXTS: ReadonlySet<string> = new Set([
  'configuration-snippet',
  'server-snippet',
  'auth-snippet',
  'stream-snippet',
  'modsecurity-snippet',
]);

/** Only looked for in other text, never written anywhere. */
const PATTERNS: ReadonlySet<string> = new Set(['canary-by-header-pattern']);
/** Lists without an item. */
const TAKEN_FOR_ABSENT: ReadonlySet<string> = new Set(['nothing but commas']);
const PREFIX = 'nginx.ingress.kubernetes.io';

const spec = { defaultBackend: { service: { name: 'web', port: { number: 80 } } } };

function read(name: string, text: string): IngressAnnotations {
  const ingress = parseObject(
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'shop', annotations: { [`${PREFIX}/${name}`]: text } }, spec },
    {},
  );
  assert.ok(ingress.kind === 'object' && ingress.object.kind === 'Ingress');
  return readAnnotations(ingress.object, PREFIX, { riskLevel: 'Critical', blockedWords: [] });
}

describe('hostile values of annotations', () => {
  for (const row of annotationRows) {
    if (row.status.kind !== 'supported' || TEXTS.has(row.name)) continue;
    it(row.name, () => {
      const before = JSON.stringify(read(row.name, '').values).length;
      for (const [name, text] of values) {
        const { values: understood, findings } = read(row.name, text);
        for (const { message, field } of findings) {
          assert.equal(field, `metadata.annotations["${PREFIX}/${row.name}"]`);
          assert.ok(message.length < 1000, `${name}: the message is as long as the value`);
        }
        const kept = JSON.stringify(understood);
        if (!PATTERNS.has(row.name)) assert.doesNotMatch(kept, /\\r|\\n|\\u00[01][0-9a-f]|☃/, `${name}: ${kept.slice(0, 200)}`);
        assert.ok(kept.length - before < 10_000, `${name}: ${kept.length} characters are kept`);
        assert.ok(findings.length > 0 || kept.length > before || TAKEN_FOR_ABSENT.has(name), `${name}: passed over in silence`);
      }
    });
  }
});

it('an object with 1 MB of annotations is refused as the API server would', () => {
  const annotations = { [`${PREFIX}/app-root`]: 'a'.repeat(1_000_000) };
  const parsed = parseObject({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'shop', annotations }, spec }, {});
  assert.notEqual(parsed.kind, 'object');
});
