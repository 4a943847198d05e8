// The few checks of kube-apiserver that a client of Portico's kind can run into. Everything else is taken as it is.
import { badRequest, invalid } from './api-status.ts';
import type { ApiObject } from './api-object.ts';
import { isJson, isSameJson } from './api-object.ts';
import type { ResourceKind } from './resource-kinds.ts';

/** Go's MicroTime is read with exactly six digits, which `Date.toISOString` does not write. */
const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/;
/** A DNS subdomain: no label begins or ends with a hyphen. */
const name = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedName = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** Nothing but its series changes in an event (kubernetes `pkg/apis/core/validation/events.go`). */
const FIXED_EVENT_FIELDS = [
  'regarding',
  'related',
  'reason',
  'note',
  'type',
  'eventTime',
  'action',
  'reportingController',
  'reportingInstance',
];
const EVENT_FIELD_BYTES = 128;
const NOTE_BYTES = 1024;

/** `before`: the object that is replaced. */
export function validate(kind: ResourceKind, object: ApiObject, before?: ApiObject): void {
  const isRbac = kind.group === 'rbac.authorization.k8s.io';
  if (!isRbac && (!name.test(object.metadata.name) || object.metadata.name.length > 253)) {
    throw invalid(kind, object.metadata.name, 'metadata.name: Invalid value');
  }
  if (kind.kind === 'Lease') validateLease(kind, object);
  if (kind.kind === 'Event') validateEvent(kind, object, before);
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

function validateEvent(kind: ResourceKind, object: ApiObject, before: ApiObject | undefined): void {
  const { eventTime, series } = object;
  checkMicroTime(eventTime);
  if (isJson(series)) checkMicroTime(series['lastObservedTime']);
  if (eventTime === undefined || eventTime === null) return;
  const problem = eventProblem(object, before);
  if (problem !== undefined) throw invalid(kind, object.metadata.name, problem);
}

function eventProblem(object: ApiObject, before: ApiObject | undefined): string | undefined {
  for (const field of ['reportingController', 'reportingInstance', 'action', 'reason', 'type']) {
    const value = object[field];
    if (typeof value !== 'string' || value === '') return `${field}: Required value`;
    if (Buffer.byteLength(value) > EVENT_FIELD_BYTES) return `${field}: Invalid value: can have at most ${EVENT_FIELD_BYTES} characters`;
  }
  const { type, reportingController, note, series, regarding } = object;
  if (!['Normal', 'Warning'].includes(String(type))) return 'type: Invalid value';
  if (!qualifiedName.test(String(reportingController))) return 'reportingController: Invalid value';
  // Go counts bytes.
  if (Buffer.byteLength(String(note ?? '')) > NOTE_BYTES) return `note: Invalid value: can have at most ${NOTE_BYTES} characters`;
  if (isJson(series) && !isSameJson(series, before?.['series'])) {
    if (Number(series['count']) < 2) return 'series.count: Invalid value: should be at least 2';
    if (typeof series['lastObservedTime'] !== 'string') return 'series.lastObservedTime: Required value';
  }
  const namespace = String((isJson(regarding) ? regarding['namespace'] : undefined) ?? '');
  const isRight = namespace === '' ? object.metadata.namespace === 'default' : namespace === object.metadata.namespace;
  if (!isRight) return 'involvedObject.namespace: Invalid value: does not match event.namespace';
  const changed = FIXED_EVENT_FIELDS.find((field) => before !== undefined && !isSameJson(before[field], object[field]));
  return changed === undefined ? undefined : `${changed}: Invalid value: field is immutable`;
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
