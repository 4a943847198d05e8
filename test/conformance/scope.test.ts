import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCaseFile } from './case-format.ts';
import { needsOf, loadScope, outOfScopeReasons } from './scope.ts';

const directory = import.meta.dirname;

test('what a case needs is read from its objects, settings, flags and requests', () => {
  const find = (topic: string, id: string): ReturnType<typeof needsOf> => {
    const found = loadCaseFile(join(directory, 'cases', 'ingress', `${topic}.yaml`)).cases.find((one) => one.id === id);
    assert.ok(found);
    return needsOf(found);
  };
  assert.ok(find('dynamic', 'dynamic-02').annotations.has('upstream-vhost'));
  assert.ok(find('forwarded-headers', 'forwarded-headers-13').config.has('enable-underscores-in-headers'));
  assert.ok(find('tcp-services', 'tcp-services-08').args.has('udp-services-configmap'));
  assert.deepEqual([...find('grpc', 'grpc-03').features].sort(), ['backend-grpcs', 'http2']);
  assert.ok(find('admission', 'admission-01').features.has('admission'));
  assert.ok(find('status-events', 'status-events-06').features.has('events'));
});

test('what an API server has is out of scope only without one', () => {
  const [first] = loadCaseFile(join(directory, 'cases', 'ingress', 'status-events.yaml')).cases;
  assert.ok(first);
  const reasonsIn = (source: 'manifests' | 'cluster'): readonly string[] =>
    outOfScopeReasons(loadScope(join(directory, 'scope.yaml'), source), 'status-events', first);
  assert.equal(reasonsIn('manifests').length, 1);
  assert.deepEqual(reasonsIn('cluster'), []);
});

test('a case is out of scope for every reason that applies, and only then', () => {
  const scope = loadScope(join(directory, 'scope.yaml'), 'manifests');
  const grpc = loadCaseFile(join(directory, 'cases', 'ingress', 'grpc.yaml'));
  const [first] = grpc.cases;
  assert.ok(first);
  assert.ok(outOfScopeReasons(scope, 'grpc', first).length >= 2);
  assert.deepEqual(outOfScopeReasons([], 'grpc', first), []);
  const [entry] = scope;
  assert.ok(entry);
  assert.deepEqual(outOfScopeReasons([{ ...entry, reason: 'r', topics: ['grpc'] }], 'grpc', first), ['r']);
});
