// The objects that the chart makes of a values file, for the tests beside this file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { renderChart } from '../support/helm-template/chart.ts';
import { isMap } from '../support/helm-template/functions.ts';
import type { Value, ValueMap } from '../support/helm-template/functions.ts';

export const CHART = join(import.meta.dirname, '../../deploy/helm/portico');
const VALUES = join(import.meta.dirname, 'values');

export interface Rendered {
  readonly objects: readonly ValueMap[];
  readonly notes: string;
}

export const valuesFiles: readonly string[] = readdirSync(VALUES).toSorted();

export function readYamlMap(path: string): ValueMap {
  const value = parse(readFileSync(path, 'utf8')) as Value;
  if (!isMap(value)) throw new Error(`${path}: a map is wanted`);
  return value;
}

export function readValues(file: string): ValueMap {
  return readYamlMap(join(VALUES, file));
}

export function render(values: ValueMap, name = 'portico'): Rendered {
  const { manifests, notes } = renderChart(CHART, { name, namespace: 'portico' }, values);
  return { objects: manifests.flatMap(({ path, text }) => parseObjects(text, path)), notes };
}

export function parseObjects(text: string, path: string): readonly ValueMap[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${path}: ${error.message}\n${text}`);
    const value = document.toJS() as Value;
    return isMap(value) ? [value] : [];
  });
}

/** The one object of this kind, and with this name where one is given. */
export function only(objects: readonly ValueMap[], kind: string, name?: string): ValueMap {
  const [found, ...others] = objects.filter(
    (object) => object['kind'] === kind && (name === undefined || at(object, 'metadata', 'name') === name),
  );
  if (found === undefined || others.length > 0)
    throw new Error(`one ${kind} ${name ?? ''} is wanted, not ${String(others.length + (found ? 1 : 0))}`);
  return found;
}

/** The value under a path of keys and positions; undefined where the path ends before. */
export function at(value: Value, ...path: readonly (string | number)[]): Value {
  return path.reduce<Value>((inner, key) => {
    if (typeof key === 'number') return Array.isArray(inner) ? (inner as readonly Value[])[key] : undefined;
    return isMap(inner) ? inner[key] : undefined;
  }, value);
}

export function listAt(value: Value, ...path: readonly (string | number)[]): readonly Value[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The command line of the controller as the kubelet makes it. */
export function controllerArgs(workload: ValueMap, namespace = 'portico'): readonly string[] {
  return listAt(workload, 'spec', 'template', 'spec', 'containers', 0, 'args').map((arg) =>
    String(arg).replaceAll('$(POD_NAMESPACE)', namespace),
  );
}

export function workloads(objects: readonly ValueMap[]): readonly ValueMap[] {
  return objects.filter((object) => ['Deployment', 'DaemonSet', 'Job'].includes(String(object['kind'])));
}
