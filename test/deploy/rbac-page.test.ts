// docs/rbac.md explains every rule of the chart, and no other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { at, listAt, readValues, render, valuesFiles } from './rendered.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/rbac.md'), 'utf8');

/** `leases get, update` for each resource of each rule. */
const rendered = new Set(
  valuesFiles.flatMap((file) =>
    render(readValues(file))
      .objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
      .flatMap((role) => listAt(role, 'rules'))
      .flatMap((rule) => listAt(rule, 'resources').map((resource) => `${String(resource)} ${listAt(rule, 'verbs').join(', ')}`)),
  ),
);

const explained = new Set(
  [...page.matchAll(/^\|([^|]*`[^|]*)\|([^|]*)\|/gm)].flatMap(([, cell = '', verbs = '']) => {
    const words = cell.replaceAll(/the one named `[^`]*`/g, '');
    return [...words.matchAll(/`([a-z/]+)`/g)].map(([, resource = '']) => `${resource} ${verbs.trim()}`);
  }),
);

suite('docs/rbac.md', () => {
  test('explains every rule', () =>
    assert.deepEqual(
      [...rendered].filter((rule) => !explained.has(rule)),
      [],
    ));
  test('explains no rule that is not there', () =>
    assert.deepEqual(
      [...explained].filter((rule) => !rendered.has(rule)),
      [],
    ));
  test('API groups are those of the resources', () => {
    for (const file of valuesFiles) {
      for (const role of render(readValues(file)).objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')) {
        for (const rule of listAt(role, 'rules')) {
          const group = String(at(rule, 'apiGroups', 0));
          const [resource] = listAt(rule, 'resources');
          const shown = new RegExp(String.raw`\`${String(resource)}\` \(([\w.]+)\)`).exec(page)?.[1] ?? '';
          assert.equal(group, shown, String(resource));
        }
      }
    }
  });
});
