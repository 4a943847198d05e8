// The values in the pages about installing are values of the chart, and can be installed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { REPORTING_CONTROLLER } from '../../src/controller/events/object-event.ts';
import type { Value, ValueMap } from '../support/helm-template/functions.ts';
import { isMap } from '../support/helm-template/functions.ts';
import { checkFields } from './field-check.ts';
import { controllerArgs, listAt, only, render } from './rendered.ts';

const DOCS = join(import.meta.dirname, '../../docs');

suite('values in the pages', () => {
  for (const page of ['install.md', 'migrate-from-ingress-nginx.md']) {
    for (const [i, values] of valuesIn(page).entries()) {
      test(`${page}, ${i + 1}`, () => assert.deepEqual(render(values).objects.flatMap(checkFields), []));
    }
  }

  test('beside ingress-nginx with the same class, nothing of it is touched', () => {
    const [beside = {}, after = {}] = valuesIn('migrate-from-ingress-nginx.md');
    const { objects } = render(beside);
    const kinds = objects.map(({ kind }) => String(kind));
    for (const kind of ['IngressClass', 'ValidatingWebhookConfiguration', 'Job']) assert.ok(!kinds.includes(kind), kind);
    const args = controllerArgs(only(objects, 'Deployment'));
    assert.ok(args.includes('--update-status=false') && args.includes('--election-id=portico-leader'));
    const resources = objects.flatMap((object) => listAt(object, 'rules').flatMap((rule) => listAt(rule, 'resources')));
    assert.ok(!resources.includes('nodes'));
    assert.ok(
      controllerArgs(only(render(after).objects, 'Deployment')).includes('--publish-service=ingress-nginx/ingress-nginx-controller'),
    );
  });
});

test('commands that show the events find those of Portico, by a field that `kubectl get events` can select', () => {
  const texts = ['migrate-from-ingress-nginx.md', '../deploy/helm/portico/templates/NOTES.txt'].map((path) =>
    readFileSync(join(DOCS, path), 'utf8'),
  );
  const selectors = texts.flatMap((text) => [...text.matchAll(/get events .*--field-selector (\S+)/g)].map(([, selector]) => selector));
  assert.deepEqual(
    selectors,
    texts.map(() => `source=${REPORTING_CONTROLLER}`),
  );
});

function valuesIn(page: string): readonly ValueMap[] {
  const text = readFileSync(join(DOCS, page), 'utf8');
  return [...text.matchAll(/^( *)```yaml\n(.*?)^ *```/gms)].flatMap(([, margin = '', block = '']) => {
    const value = parse(block.replaceAll(new RegExp(`^${margin}`, 'gm'), '')) as Value;
    return isMap(value) && 'controller' in value ? [value] : [];
  });
}
