import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { KubernetesObject } from './kubernetes-object.ts';
import { createManifestDirectory } from './object-sink.ts';
import type { ObjectSink } from './object-sink.ts';

let root: string;
let sink: ObjectSink;

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'object-sink-'));
  sink = await createManifestDirectory(root);
});

after(() => rmSync(root, { recursive: true }));

function files(): Map<string, KubernetesObject> {
  const directory = join(root, 'manifests');
  return new Map(readdirSync(directory).map((name) => [name, JSON.parse(readFileSync(join(directory, name), 'utf8')) as KubernetesObject]));
}

function only(): readonly [string, KubernetesObject] {
  const [first, ...rest] = files();
  assert.ok(first !== undefined && rest.length === 0);
  return first;
}

const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'a' }, spec: { n: 1 } };

test('an object keeps its file, time and identity when it changes, and gets new ones when it is created again', async () => {
  await sink.apply(ingress, 3);
  const [firstFile, first] = only();
  assert.deepEqual([first.metadata.namespace, first.metadata['creationTimestamp']], ['default', '2024-06-01T00:00:03Z']);
  await sink.apply({ ...ingress, spec: { n: 2 } }, 9);
  const [secondFile, second] = only();
  assert.deepEqual([secondFile, second.metadata, second['spec']], [firstFile, first.metadata, { n: 2 }]);
  await sink.delete({ kind: 'Ingress', namespace: 'default', name: 'a' });
  assert.equal(files().size, 0);
  await sink.apply(ingress, 9);
  const [thirdFile, third] = only();
  assert.equal(third.metadata['creationTimestamp'], '2024-06-01T00:00:09Z');
  assert.notEqual(third.metadata['uid'], first.metadata['uid']);
  assert.notEqual(thirdFile, firstFile);
});

test('a time in the manifest counts, and cluster-scoped objects have no namespace', async () => {
  await sink.clear();
  await sink.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', creationTimestamp: '2020-01-01T00:00:00Z' } }, 1);
  const [, object] = only();
  assert.deepEqual([object.metadata.namespace, object.metadata['creationTimestamp']], [undefined, '2020-01-01T00:00:00Z']);
  assert.deepEqual(sink.list(), [object]);
});
