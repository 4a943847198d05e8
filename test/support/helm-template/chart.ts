// Renders a Helm chart as `helm template` does, as far as the chart of this repository needs it: values files over values.yaml, the
// values against values.schema.json, the built-in objects, templates in the order of their names.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { Evaluator } from './evaluate.ts';
import type { Definition } from './evaluate.ts';
import { isMap } from './functions.ts';
import type { Value, ValueMap } from './functions.ts';
import { parseTemplate } from './parser.ts';

export interface Release {
  readonly name: string;
  readonly namespace: string;
}

export interface RenderedFile {
  /** `templates/controller-service.yaml`. */
  readonly path: string;
  readonly text: string;
}

export interface RenderedChart {
  /** Files that have more than white space and comments. */
  readonly manifests: readonly RenderedFile[];
  readonly notes: string;
}

/** The values of a release: values.yaml of the chart with the files over it; null takes a default away (Helm, "Values Files"). */
export function mergeValues(chartPath: string, ...over: readonly ValueMap[]): ValueMap {
  return over.reduce(overlay, readMap(join(chartPath, 'values.yaml')));
}

/** What values.schema.json says against the values; empty: nothing. */
export function checkValues(chartPath: string, values: ValueMap): readonly string[] {
  const schema: unknown = JSON.parse(readFileSync(join(chartPath, 'values.schema.json'), 'utf8'));
  // The schema is JSON Schema draft-07 as Helm reads it; zod's type for it is narrower than JSON.
  const result = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(values);
  return result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

/** Throws where the values do not fit the schema or a template fails, with file and line. */
export function renderChart(chartPath: string, release: Release, ...over: readonly ValueMap[]): RenderedChart {
  const values = mergeValues(chartPath, ...over);
  const problems = checkValues(chartPath, values);
  if (problems.length > 0) throw new Error(`values.schema.json: ${problems.join('; ')}`);
  const { files, definitions } = readTemplates(chartPath);
  const evaluator = new Evaluator(definitions);
  const chart = readMap(join(chartPath, 'Chart.yaml'));
  const root: ValueMap = {
    Values: values,
    Chart: { Name: chart['name'], Version: chart['version'], AppVersion: chart['appVersion'] },
    Release: { Name: release.name, Namespace: release.namespace, Service: 'Helm' },
  };
  const rendered = [...files].map(([path, definition]) => ({ path, text: evaluator.render(definition, root) }));
  return {
    manifests: rendered.filter(({ path, text }) => path.endsWith('.yaml') && text.replaceAll(/^\s*(#.*|---)?$/gm, '').trim() !== ''),
    notes: rendered.find(({ path }) => path.endsWith('NOTES.txt'))?.text ?? '',
  };
}

function readTemplates(chartPath: string): { files: ReadonlyMap<string, Definition>; definitions: ReadonlyMap<string, Definition> } {
  const files = new Map<string, Definition>();
  const definitions = new Map<string, Definition>();
  const names = readdirSync(join(chartPath, 'templates'), { recursive: true, encoding: 'utf8' }).toSorted();
  for (const name of names) {
    if (!/\.(yaml|tpl|txt)$/.test(name)) continue;
    const path = `templates/${name}`;
    const parsed = parseTemplate(readFileSync(join(chartPath, path), 'utf8'), path);
    for (const [key, body] of parsed.definitions) definitions.set(key, { file: path, body });
    // A name that begins with an underscore is for definitions only.
    if (!/(^|\/)_/.test(name)) files.set(path, { file: path, body: parsed.body });
  }
  return { files, definitions };
}

function readMap(path: string): ValueMap {
  const value = parse(readFileSync(path, 'utf8')) as Value;
  if (!isMap(value)) throw new Error(`${path}: a map is wanted`);
  return value;
}

function overlay(low: ValueMap, high: ValueMap): ValueMap {
  const merged: Record<string, Value> = { ...low };
  for (const [key, value] of Object.entries(high)) {
    const under = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isMap(under) && isMap(value) ? overlay(under, value) : value;
  }
  return merged;
}
