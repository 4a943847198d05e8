import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ingress } from '../resources/objects.ts';
import { parseObject } from '../resources/parse-object.ts';
import { PatternChecker } from './pattern-checker.ts';

function ingressWith(paths: readonly string[]): Ingress {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const rules = paths.map((path) => ({ http: { paths: [{ path, pathType: 'ImplementationSpecific', backend }] } }));
  const parsed = parseObject({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'a' }, spec: { rules } }, {});
  assert.ok(parsed.kind === 'object' && parsed.object.kind === 'Ingress');
  return parsed.object;
}

describe('the patterns of an Ingress', () => {
  it('are bounded together, so that an object that is small as a text does not take minutes and gigabytes', () => {
    const checker = new PatternChecker();
    const heavy = Array.from({ length: 300 }, (_, index) => `/([a-z]{1,1000})${index}`);
    const ingress = ingressWith([...heavy, '/plain', '/simple(/|$)(.*)']);
    const usable = [...heavy, '/plain', '/simple(/|$)(.*)'].filter((path) => checker.problemOf(path, ingress) === undefined);
    assert.ok(usable.length > 10 && usable.length < 120, String(usable.length));
    assert.deepEqual(usable.slice(0, -2), heavy.slice(0, usable.length - 2), 'those in front');
    assert.deepEqual(usable.slice(-2), ['/plain', '/simple(/|$)(.*)'], 'what costs nothing');
    assert.match(checker.problemOf('/([a-z]{1,1000})299', ingress) ?? '', /one too many/);
    assert.equal(checker.problemOf('/([a-z]{1,1000})299', ingressWith(['/([a-z]{1,1000})299'])), undefined, 'of another Ingress');
  });

  it('are enough for all that people write', () => {
    const checker = new PatternChecker();
    const paths = Array.from({ length: 1500 }, (_, index) => `/v[0-9]+/users/([^/]+)/(items|orders)${index}/?$`);
    const ingress = ingressWith(paths);
    assert.ok(paths.every((path) => checker.problemOf(path, ingress) === undefined));
  });
});
