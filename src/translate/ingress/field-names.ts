// Paths of the fields of an Ingress that refer to Services. They are kept for each route, and nearly all are among the first few of
// their kind, so those are made once.
import { itemPath } from '../../resources/field-path.ts';

/** A place that names a Service. */
export interface ServiceFields {
  /** Field with the name of the Service, and field with the port. */
  readonly name: string;
  readonly port: string;
}

export interface PathFields {
  /** `spec.rules[0].http.paths[0]` */
  readonly path: string;
  readonly service: ServiceFields;
}

const KEPT_RULES = 8;
const KEPT_PATHS = 16;
const kept: readonly PathFields[] = Array.from({ length: KEPT_RULES * KEPT_PATHS }, (_, index) =>
  makePathFields(Math.floor(index / KEPT_PATHS), index % KEPT_PATHS),
);

export const defaultBackendField = 'spec.defaultBackend';
export const defaultBackendFields: ServiceFields = makeServiceFields(`${defaultBackendField}.service`);

/** Indexes from 0. */
export function pathFields(rule: number, path: number): PathFields {
  const known = rule < KEPT_RULES && path < KEPT_PATHS ? kept[rule * KEPT_PATHS + path] : undefined;
  return known ?? makePathFields(rule, path);
}

function makePathFields(rule: number, path: number): PathFields {
  const field = itemPath(`${itemPath('spec.rules', rule)}.http.paths`, path);
  return { path: field, service: makeServiceFields(`${field}.backend.service`) };
}

function makeServiceFields(field: string): ServiceFields {
  return { name: `${field}.name`, port: `${field}.port` };
}
