// The plain manifests: complete, in an order that can be created, and allowed by the security profile of their namespace.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { manifestFiles } from '../../scripts/manifests.ts';
import { checkFields } from './field-check.ts';
import { at, listAt, only, parseObjects, workloads } from './rendered.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');

suite('plain manifests', () => {
  for (const { file, text } of manifestFiles(DEPLOY)) {
    const objects = parseObjects(text, file);

    test(`${file}: fields of Kubernetes, nothing of Helm`, () => {
      assert.deepEqual(objects.flatMap(checkFields), []);
      assert.doesNotMatch(text, /helm\.sh|managed-by|Helm\b/);
    });

    test(`${file}: what others need comes first`, () => {
      const kinds = objects.map(({ kind }) => String(kind));
      assert.equal(kinds[0], 'Namespace');
      const needed = ['ServiceAccount', 'ClusterRole', 'Role', 'ConfigMap'];
      const first = kinds.findIndex((kind) => ['Deployment', 'DaemonSet', 'Job'].includes(kind));
      assert.ok(needed.every((kind) => kinds.lastIndexOf(kind) < first && kinds.includes(kind)));
      assert.ok(first < kinds.indexOf('ValidatingWebhookConfiguration'));
    });

    test(`${file}: pods keep to the profile of the namespace`, () => {
      const profile = at(objects[0], 'metadata', 'labels', 'pod-security.kubernetes.io/enforce');
      for (const workload of workloads(objects)) {
        const pod = at(workload, 'spec', 'template', 'spec');
        assert.equal(at(pod, 'hostNetwork') === true && profile !== 'privileged', false);
        assert.ok(listAt(pod, 'volumes').every((volume) => at(volume, 'emptyDir') !== undefined || at(volume, 'secret') !== undefined));
      }
    });
  }

  test('the cloud has two replicas that can be taken one by one, and a NetworkPolicy', () => {
    const cloud = manifestFiles(DEPLOY).find(({ file }) => file === 'cloud.yaml');
    const objects = parseObjects(cloud?.text ?? '', 'cloud.yaml');
    assert.equal(at(only(objects, 'Deployment'), 'spec', 'replicas'), 2);
    assert.equal(at(only(objects, 'PodDisruptionBudget'), 'spec', 'minAvailable'), 1);
    only(objects, 'NetworkPolicy', 'portico-controller');
  });
});
