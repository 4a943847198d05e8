// values.yaml, values.schema.json, the templates and the documentation say the same about what values there are.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { checkValues, mergeValues } from '../support/helm-template/chart.ts';
import { isMap } from '../support/helm-template/functions.ts';
import type { Value, ValueMap } from '../support/helm-template/functions.ts';
import { ingressNginxValues } from './ingress-nginx-values.ts';
import { at, CHART, readValues, readYamlMap, valuesFiles } from './rendered.ts';

const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as ValueMap;

/** Paths of the schema that have no properties of their own, `controller.image.tag`. */
const leaves = leavesOf(schema, '');

suite('chart values', () => {
  for (const file of valuesFiles) {
    test(`${file} fits the schema`, () => assert.deepEqual(checkValues(CHART, mergeValues(CHART, readValues(file))), []));
  }

  test('every default is in the schema', () => {
    assert.deepEqual(
      pathsOf(readYamlMap(join(CHART, 'values.yaml')), '').filter((path) => !isKnown(path)),
      [],
    );
  });

  test('every value of the ingress-nginx chart is known', () => {
    assert.ok(ingressNginxValues.length > 250);
    assert.deepEqual(
      ingressNginxValues.filter((path) => !isKnown(path)),
      [],
    );
  });

  test('an unknown value is refused on every level', () => {
    for (const path of sectionsOf(schema, '')) {
      const values = path.reduceRight<ValueMap>((inner, key) => ({ [key]: inner }), { unknownValue: 1 });
      assert.match(checkValues(CHART, mergeValues(CHART, values)).join(), /unknownValue/, path.join('.'));
    }
  });

  const mistakes: readonly (readonly [values: ValueMap, field: string])[] = [
    [{ controller: { replicas: 2 } }, 'controller'],
    [{ controller: { replicaCount: '2' } }, 'controller.replicaCount'],
    [{ controller: { kind: 'StatefulSet' } }, 'controller.kind'],
    [{ controller: { config: { 'proxy-body-size': ['8m'] } } }, 'controller.config.proxy-body-size'],
    [{ controller: { service: { type: 'Loadbalancer' } } }, 'controller.service.type'],
    [{ controller: { service: { annotations: { a: 1 } } } }, 'controller.service.annotations.a'],
    [{ controller: { image: { digest: 'sha256:1' } } }, 'controller.image.digest'],
    [{ tcp: { http: 'a/b:80' } }, 'tcp'],
  ];
  for (const [values, field] of mistakes) {
    test(`refused: ${JSON.stringify(values)}`, () => {
      const problems = checkValues(CHART, mergeValues(CHART, values));
      assert.ok(
        problems.some((problem) => problem.startsWith(`${field}: `) || problem.startsWith(`${field}.`)),
        problems.join('\n'),
      );
    });
  }

  test('every value is read by a template or listed as without effect', () => {
    const templates = readTemplates();
    const documented = listedWithoutEffect();
    const unused = leaves.filter((leaf) => !isRead(leaf, templates) && !documented.includes(leaf));
    assert.deepEqual(unused, []);
  });

  test('what is listed as without effect is a value, and no template but the notes and the checks reads it', () => {
    const templates = readTemplates((name) => !/NOTES\.txt$|_checks\.tpl$/.test(name));
    for (const path of listedWithoutEffect()) {
      assert.ok(
        leaves.some((leaf) => leaf === path || leaf.startsWith(`${path}.`)),
        path,
      );
      assert.ok(!templates.includes(`.Values.${path}`), path);
    }
  });
});

/** Whether the schema has the value, a part of it, or what it is a part of. */
function isKnown(path: string): boolean {
  return leaves.some((leaf) => `${path}.`.startsWith(`${leaf}.`) || `${leaf}.`.startsWith(`${path}.`));
}

/** Templates name a value by its whole path, or by the last two names after a section was put into a variable. */
function isRead(leaf: string, templates: string): boolean {
  const names = leaf.split('.');
  const [section = '', name = ''] = names.slice(-2);
  const whole = `.Values.${leaf}`;
  if (templates.includes(whole)) return true;
  // `$service.type`, `.image.tag`, `$own.type`, `.type`
  return new RegExp(String.raw`\.${section}\.${name}\b|[$.](?:\w+\.)?${name}\b`).test(templates);
}

function readTemplates(filter: (name: string) => boolean = () => true): string {
  const folder = join(CHART, 'templates');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(yaml|tpl|txt)$/.test(name) && filter(name));
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

/** First column of the table under "Values without effect" in docs/install.md. */
function listedWithoutEffect(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');
  const section = text.split(/^### /m).find((part) => part.startsWith('Values without effect'));
  return [...(section ?? '').matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w.]+)`/g)].map(([, path = '']) => path),
  );
}

function leavesOf(node: Value, path: string): readonly string[] {
  const properties = at(node, 'properties');
  if (!isMap(properties)) return [path];
  return Object.entries(properties).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}

function sectionsOf(node: Value, path: string): readonly (readonly string[])[] {
  const properties = at(node, 'properties');
  if (!isMap(properties)) return [];
  assert.equal(at(node, 'additionalProperties'), false, path);
  const own = path === '' ? [] : path.split('.');
  return [own, ...Object.entries(properties).flatMap(([key, inner]) => sectionsOf(inner, path === '' ? key : `${path}.${key}`))];
}

function pathsOf(value: Value, path: string): readonly string[] {
  if (!isMap(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, path === '' ? key : `${path}.${key}`));
}
