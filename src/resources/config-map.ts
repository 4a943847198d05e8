// ConfigMap, v1: text data only; `binaryData` is checked for its keys and not kept, because no setting is binary.
import type { Fields } from './fields.ts';
import { readMetadata } from './metadata.ts';
import { checkDataKey, checkDnsSubdomain } from './names.ts';
import type { ConfigMap } from './objects.ts';
import type { Place } from './place.ts';
import { originOf } from './place.ts';
import { maxDataBytes } from './secret.ts';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'data', 'binaryData', 'immutable']);

export function readConfigMap(object: Fields, place: Place): ConfigMap {
  object.allowOnly(objectFields);
  const { metadata } = readMetadata(object, 'namespaced', checkDnsSubdomain);
  const data = object.textMap('data', checkDataKey);
  let bytes = 0;
  for (const value of data.values()) bytes += Buffer.byteLength(value);
  for (const [key, value] of object.textMap('binaryData', checkDataKey)) {
    if (data.has(key)) object.problem('binaryData', `repeats the key ${key} of data`);
    bytes += (value.length * 3) / 4;
  }
  if (bytes > maxDataBytes) object.problem('data', `must have at most ${maxDataBytes} bytes together`);
  return { kind: 'ConfigMap', metadata, ...originOf('ConfigMap', metadata, place), data };
}
