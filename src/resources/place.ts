// Where an object was read, and how the parsers of all kinds write that into the object.
import type { Origin } from '../model/origin.ts';
import type { Range } from './fields.ts';
import type { Kind, ObjectMeta } from './objects.ts';

/** File, line and finder of lines for objects from manifests; all absent for objects from the API server. */
export interface Place {
  readonly file?: string;
  /** One-based line of the document. */
  readonly line?: number;
  readonly lineOf?: (field: string) => number | undefined;
}

export const portRange: Range = { min: 1, max: 65_535 };

/** The two fields that every object has for its place. */
export function originOf(
  kind: Kind,
  metadata: ObjectMeta,
  place: Place,
): { readonly origin: Origin; readonly lineOf?: (field: string) => number | undefined } {
  const { namespace, name } = metadata;
  if (place.file === undefined || place.line === undefined) return { origin: { kind, namespace, name } };
  const origin = { kind, namespace, name, file: place.file, line: place.line };
  return place.lineOf === undefined ? { origin } : { origin, lineOf: place.lineOf };
}
