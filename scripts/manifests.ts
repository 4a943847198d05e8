// The plain manifests of deploy/manifests, made of the chart for those who do not use Helm: what only Helm reads is taken out, and the
// objects stand in the order in which they can be created.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { renderChart } from '../test/support/helm-template/chart.ts';
import { isList, isMap } from '../test/support/helm-template/functions.ts';
import type { Value, ValueMap } from '../test/support/helm-template/functions.ts';

export interface ManifestFile {
  readonly file: string;
  readonly text: string;
}

const NAME = 'portico';
/** Other kinds come last. */
const ORDER = [
  'Namespace',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'Deployment',
  'DaemonSet',
  'Job',
  'IngressClass',
];

/** One file for each values file of deploy/values. */
export function manifestFiles(deployPath: string): readonly ManifestFile[] {
  return readdirSync(join(deployPath, 'values'))
    .toSorted()
    .map((file) => ({ file, text: manifestText(deployPath, file) }));
}

function manifestText(deployPath: string, file: string): string {
  const values = parse(readFileSync(join(deployPath, 'values', file), 'utf8')) as ValueMap;
  const { manifests } = renderChart(join(deployPath, 'helm/portico'), { name: NAME, namespace: NAME }, values);
  const objects = manifests.flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as Value)).filter(isMap);
  const isOnHost = objects.some((object) => JSON.stringify(object).includes('"hostNetwork":true'));
  const sorted = [namespace(isOnHost), ...objects].map(withoutHelm).toSorted((a, b) => rank(a) - rank(b));
  const head = [
    `# Made of deploy/helm/portico with deploy/values/${file} by scripts/generate-manifests.ts: do not edit.`,
    '# The image is "portico": give its name in your registry, see docs/install.md.',
  ];
  const documents = sorted.map((object) =>
    stringify(object, { lineWidth: 0, indentSeq: false, version: '1.1', aliasDuplicateObjects: false }),
  );
  return `${head.join('\n')}\n${documents.map((text) => `---\n${text}`).join('')}`;
}

/** The ports of a node are more than the profile "restricted" allows. */
function namespace(isOnHost: boolean): ValueMap {
  const profile = isOnHost ? 'privileged' : 'restricted';
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAME, labels: { 'app.kubernetes.io/name': NAME, 'pod-security.kubernetes.io/enforce': profile } },
  };
}

function rank({ kind }: ValueMap): number {
  const position = ORDER.indexOf(String(kind));
  return position === -1 ? ORDER.length : position;
}

function withoutHelm(object: ValueMap): ValueMap {
  const cleaned = clean(object);
  return isMap(cleaned) ? cleaned : object;
}

function clean(value: Value): Value {
  if (isList(value)) return value.map(clean);
  if (!isMap(value)) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !key.startsWith('helm.sh/') && key !== 'app.kubernetes.io/managed-by')
    .map(([key, inner]) => [key, clean(inner)] as const)
    .filter(([key, inner]) => !(key === 'annotations' && isMap(inner) && Object.keys(inner).length === 0));
  return Object.fromEntries(entries);
}
