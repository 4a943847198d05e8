// Object metadata: what identifies an object, and its labels and annotations. Limits as in apimachinery `ValidateObjectMeta`.
import { Fields, isMap } from './fields.ts';
import type { Problem } from './fields.ts';
import { checkAnnotationKey, checkDnsLabel, checkLabelValue, checkQualifiedName } from './names.ts';
import type { NameCheck } from './names.ts';
import type { ObjectMeta } from './objects.ts';

/** What an object says of itself in any kind. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty where the object names none. */
  readonly namespace: string;
  readonly name: string;
}

export type Scope = 'namespaced' | 'cluster';

const metadataFields: ReadonlySet<string> = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
  'clusterName',
]);

const maxAnnotationBytes = 256 * 1024;

/** RFC 3339, the only form that the API writes. */
const timestamp = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Reads what identifies an object of any kind. With problems, the parts that could not be read are empty. */
export function readIdentity(value: unknown): { readonly identity: ObjectIdentity; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  if (!isMap(value)) {
    problems.push({ field: '', message: 'is no map with apiVersion, kind and metadata' });
    return { identity: { apiVersion: '', kind: '', namespace: '', name: '' }, problems };
  }
  const fields = new Fields(value, '', { problems, unknownFields: [] });
  const apiVersion = fields.requiredText('apiVersion');
  const kind = fields.requiredText('kind');
  const metadata = fields.requiredFields('metadata');
  const name = fields.has('metadata') ? metadata.requiredText('name') : '';
  return { identity: { apiVersion, kind, namespace: metadata.text('namespace'), name }, problems };
}

/** The namespace that an object of this scope is in: none for cluster scope, `default` where a namespaced object names none. */
export function effectiveNamespace(namespace: string, scope: Scope): string {
  if (scope === 'cluster') return '';
  return namespace === '' ? 'default' : namespace;
}

/** All that metadata says; labels and annotations apart, since most kinds keep neither. */
export interface MetadataReading {
  readonly metadata: ObjectMeta;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

export function readMetadata(object: Fields, scope: Scope, checkName: NameCheck): MetadataReading {
  const metadata = object.requiredFields('metadata');
  metadata.allowOnly(metadataFields);
  metadata.integer('generation', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const annotations = metadata.textMap('annotations', checkAnnotationKey);
  if (bytesOf(annotations) > maxAnnotationBytes) metadata.problem('annotations', `must have at most ${maxAnnotationBytes} bytes together`);
  return {
    metadata: {
      namespace: effectiveNamespace(metadata.text('namespace', checkDnsLabel), scope),
      name: metadata.requiredText('name', checkName),
      uid: metadata.text('uid'),
      creationTimestampMs: readTimestamp(metadata, 'creationTimestamp') ?? 0,
      resourceVersion: metadata.text('resourceVersion'),
    },
    labels: metadata.textMap('labels', checkQualifiedName, checkLabelValue),
    annotations,
  };
}

/** True once deletion of the object was requested. */
export function isBeingDeleted(object: Fields): boolean {
  const metadata = object.fields('metadata');
  return metadata !== undefined && readTimestamp(metadata, 'deletionTimestamp') !== undefined;
}

function readTimestamp(metadata: Fields, key: string): number | undefined {
  const text = metadata.text(key);
  if (text === '') return undefined;
  const time = timestamp.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  metadata.problem(key, 'must be a time such as 2024-06-01T00:00:00Z');
  return undefined;
}

function bytesOf(texts: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const [key, value] of texts) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}
