// The dashboard and the alert rules name only metrics and labels that Portico has.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { metrics } from '../../src/observe/metric-names.ts';
import type { MetricRow } from '../../src/observe/metric-names.ts';
import { isMap } from '../support/helm-template/functions.ts';
import type { Value, ValueMap } from '../support/helm-template/functions.ts';
import { namesOf } from './promql.ts';
import { at, listAt, readYamlMap } from './rendered.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const CONTROLLER_LABELS = ['controller_namespace', 'controller_class', 'controller_pod'];
/** What Prometheus adds to every series. */
const TARGET_LABELS = ['job', 'instance'];

const rows: readonly MetricRow[] = Object.values(metrics);
const dashboard = JSON.parse(readFileSync(join(DEPLOY, 'grafana/portico.json'), 'utf8')) as ValueMap;
const panels = listAt(dashboard, 'panels').filter((panel) => at(panel, 'type') !== 'row');
const alertRules = listAt(readYamlMap(join(DEPLOY, 'alerts/portico.yaml')), 'spec', 'groups').flatMap((group) => listAt(group, 'rules'));

suite('monitoring', () => {
  for (const panel of panels) {
    for (const target of listAt(panel, 'targets')) {
      const expression = String(at(target, 'expr'));
      test(`dashboard: ${String(at(panel, 'title'))}: ${String(at(target, 'refId'))}`, () => {
        assert.deepEqual(problemsOf(expression), []);
        const used = [...String(at(target, 'legendFormat')).matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
        const { groupLabels } = namesOf(expression);
        assert.deepEqual(
          used.filter((label) => !groupLabels.includes(label ?? '')),
          [],
        );
      });
    }
  }

  for (const rule of alertRules) {
    const expression = String(at(rule, 'expr'));
    test(`alert ${String(at(rule, 'alert'))}`, () => {
      assert.deepEqual(problemsOf(expression), []);
      assert.match(String(at(rule, 'labels', 'severity')), /^(critical|warning|info)$/);
      const text = JSON.stringify(at(rule, 'annotations'));
      const { groupLabels } = namesOf(expression);
      assert.deepEqual(
        [...text.matchAll(/\$labels\.(\w+)/g)].flatMap(([, label = '']) => (groupLabels.includes(label) ? [] : [label])),
        [],
      );
    });
  }

  test('the dashboard shows what people look at with ingress-nginx', () => {
    const expressions = panels.flatMap((panel) => listAt(panel, 'targets').map((target) => String(at(target, 'expr'))));
    const wanted = [/requests\{.*5\./, /0\.5, .*request_duration/, /0\.95, .*request_duration/, /0\.99, .*request_duration/];
    const more = [/portico_propagation_seconds/, /nginx_process_connections\{/, /429\|503/, /ssl_expire_time_seconds/];
    for (const pattern of [...wanted, ...more])
      assert.ok(
        expressions.some((expression) => pattern.test(expression)),
        String(pattern),
      );
  });

  test('panels do not overlap and have one number each', () => {
    const cells = new Set<string>();
    for (const panel of listAt(dashboard, 'panels')) {
      const [x, y, w, h] = ['x', 'y', 'w', 'h'].map((key) => Number(at(panel, 'gridPos', key)));
      for (let i = 0; i < (w ?? 0) * (h ?? 0); i++) {
        const cell = `${(x ?? 0) + (i % (w ?? 1))},${(y ?? 0) + Math.floor(i / (w ?? 1))}`;
        assert.ok(!cells.has(cell), `${String(at(panel, 'title'))}: ${cell}`);
        cells.add(cell);
      }
      assert.ok((x ?? 0) + (w ?? 0) <= 24);
    }
    const ids = listAt(dashboard, 'panels').map((panel) => at(panel, 'id'));
    assert.equal(new Set(ids).size, ids.length);
  });

  test('names that Portico does not have are found', () => {
    assert.deepEqual(problemsOf('sum(rate(nginx_ingress_controller_requestz[5m]))'), [
      'there is no metric nginx_ingress_controller_requestz',
    ]);
    assert.deepEqual(problemsOf('sum by (hots) (nginx_ingress_controller_requests{statuz="1"})'), [
      'nginx_ingress_controller_requests has no label statuz',
      'no metric here has the label hots',
    ]);
    assert.deepEqual(problemsOf('portico_open_connections_bucket'), ['there is no metric portico_open_connections_bucket']);
  });

  test('variables are looked up in metrics that exist', () => {
    for (const variable of listAt(dashboard, 'templating', 'list')) {
      const query = at(variable, 'query');
      if (!isMap(query)) continue;
      const [, expression = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(textOf(query['query'])) ?? [];
      assert.deepEqual(problemsOf(`sum by (${label}) (${expression})`), []);
    }
  });
});

function problemsOf(expression: string): readonly string[] {
  const { selected, groupLabels } = namesOf(expression);
  assert.ok(selected.length > 0, expression);
  const known = new Set<string>();
  const problems = selected.flatMap(({ metric, labels }) => {
    const own = labelsOf(metric);
    if (own === undefined) return [`there is no metric ${metric}`];
    for (const label of own) known.add(label);
    return labels.filter((label) => !own.includes(label)).map((label) => `${metric} has no label ${label}`);
  });
  return [
    ...problems,
    ...(problems.some((problem) => problem.startsWith('there'))
      ? []
      : groupLabels.filter((label) => !known.has(label)).map((label) => `no metric here has the label ${label}`)),
  ];
}

/** Undefined: Portico shows no such series. */
function labelsOf(name: string): readonly string[] | undefined {
  const histogram = /^(.*)_(bucket|sum|count)$/.exec(name);
  const row = rows.find((one) => (one.type === 'histogram' ? one.name === histogram?.[1] : one.name === name));
  if (row === undefined) return undefined;
  const ofController = row.hasControllerLabels ? CONTROLLER_LABELS : [];
  return [...row.labels, ...ofController, ...(histogram?.[2] === 'bucket' ? ['le'] : []), ...TARGET_LABELS];
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : '';
}
