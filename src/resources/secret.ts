// Secret, v1. Values are decoded here, `stringData` is merged over `data` as the API server does when an object is written.
import type { Fields } from './fields.ts';
import { readMetadata } from './metadata.ts';
import { checkDataKey, checkDnsSubdomain } from './names.ts';
import type { Secret } from './objects.ts';
import type { Place } from './place.ts';
import { originOf } from './place.ts';

const objectFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'data', 'stringData', 'immutable', 'type']);

/** Standard alphabet with padding; line breaks are skipped, as Go's decoder does. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const maxDataBytes = 1024 * 1024;

export function readSecret(object: Fields, place: Place): Secret {
  object.allowOnly(objectFields);
  const { metadata } = readMetadata(object, 'namespaced', checkDnsSubdomain);
  const type = object.text('type') || 'Opaque';
  const data = readData(object);
  let bytes = 0;
  for (const value of data.values()) bytes += value.length;
  if (bytes > maxDataBytes) object.problem('data', `must have at most ${maxDataBytes} bytes together`);
  if (type === 'kubernetes.io/tls') {
    for (const key of ['tls.crt', 'tls.key']) {
      if (!data.has(key)) object.problem('data', `must have ${key}, because the type is kubernetes.io/tls`);
    }
  }
  return { kind: 'Secret', metadata, ...originOf('Secret', metadata, place), type, data };
}

function readData(object: Fields): ReadonlyMap<string, Buffer> {
  const data = new Map<string, Buffer>();
  const fields = object.fields('data');
  for (const [key, text] of object.textMap('data', checkDataKey)) {
    const packed = text.replace(/[\r\n]/g, '');
    // The value itself is secret and stays out of the message.
    if (base64.test(packed)) data.set(key, Buffer.from(packed, 'base64'));
    else fields?.problem(key, 'must be base64; plain text belongs in stringData');
  }
  for (const [key, text] of object.textMap('stringData', checkDataKey)) data.set(key, Buffer.from(text));
  return data;
}
