// The few checks of kube-apiserver that a client of Portico's kind can run into. Everything else is taken as it is.
import { badRequest, invalid } from './api-status.ts';
import type { ApiObject } from './api-object.ts';
import { isJson } from './api-object.ts';
import type { ResourceKind } from './resource-kinds.ts';

/** Go's MicroTime is read with exactly six digits, which `Date.toISOString` does not write. */
const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/;
const name = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;

export function validate(kind: ResourceKind, object: ApiObject): void {
  const isRbac = kind.group === 'rbac.authorization.k8s.io';
  if (!isRbac && !name.test(object.metadata.name)) throw invalid(kind, object.metadata.name, 'metadata.name: Invalid value');
  if (kind.kind === 'Lease') validateLease(kind, object);
  if (kind.kind === 'Event') validateEvent(kind, object);
  if (kind.kind === 'Ingress') validateIngress(kind, object);
}

function validateLease(kind: ResourceKind, object: ApiObject): void {
  const spec = isJson(object['spec']) ? object['spec'] : {};
  checkMicroTime(spec['acquireTime']);
  checkMicroTime(spec['renewTime']);
  const seconds = spec['leaseDurationSeconds'];
  if (seconds !== undefined && (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds <= 0)) {
    throw invalid(kind, object.metadata.name, 'spec.leaseDurationSeconds: Invalid value: must be greater than 0');
  }
}

function validateEvent(kind: ResourceKind, object: ApiObject): void {
  checkMicroTime(object['eventTime']);
  if (isJson(object['series'])) checkMicroTime(object['series']['lastObservedTime']);
  if (object['eventTime'] === undefined || object['eventTime'] === null) return;
  const required = ['reportingController', 'reportingInstance', 'action', 'reason', 'type'];
  const missing = required.find((field) => typeof object[field] !== 'string' || object[field] === '');
  if (missing !== undefined) throw invalid(kind, object.metadata.name, `${missing}: Required value`);
  if (!['Normal', 'Warning'].includes(String(object['type']))) throw invalid(kind, object.metadata.name, 'type: Invalid value');
  if (String(object['note'] ?? '').length > 1024)
    throw invalid(kind, object.metadata.name, 'note: Invalid value: can have at most 1024 characters');
  const regarding = isJson(object['regarding']) ? object['regarding'] : {};
  const namespace = String(regarding['namespace'] ?? '');
  const isRight = namespace === '' ? object.metadata.namespace === 'default' : namespace === object.metadata.namespace;
  if (!isRight) throw invalid(kind, object.metadata.name, 'involvedObject.namespace: Invalid value: does not match event.namespace');
}

function validateIngress(kind: ResourceKind, object: ApiObject): void {
  const spec = isJson(object['spec']) ? object['spec'] : {};
  const hasRules = Array.isArray(spec['rules']) && spec['rules'].length > 0;
  if (!hasRules && spec['defaultBackend'] === undefined) {
    throw invalid(kind, object.metadata.name, 'spec: Invalid value: either `defaultBackend` or `rules` must be specified');
  }
}

function checkMicroTime(value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string' || !microTime.test(value)) {
    throw badRequest(`parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`);
  }
}
