// Namespace, v1: only its name and labels matter here.
import type { Fields } from './fields.ts';
import { readMetadata } from './metadata.ts';
import { checkDnsLabel } from './names.ts';
import type { Namespace } from './objects.ts';
import type { Place } from './place.ts';
import { originOf } from './place.ts';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

export function readNamespace(object: Fields, place: Place): Namespace {
  object.allowOnly(objectFields);
  const { metadata: identity, labels } = readMetadata(object, 'cluster', checkDnsLabel);
  const metadata = { ...identity, labels };
  return { kind: 'Namespace', metadata, ...originOf('Namespace', metadata, place) };
}
