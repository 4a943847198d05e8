// Events of the core group and of events.k8s.io are the same objects in two forms (kubernetes `pkg/apis/core/v1` and `pkg/apis/events/v1`).
import type { ApiObject } from './api-object.ts';
import { isJson } from './api-object.ts';

/** From the form of events.k8s.io to that of the core group, which `kubectl describe` asks for. */
export function toCoreEvent(event: ApiObject): ApiObject {
  const { regarding, note, reportingController, reportingInstance, series, eventTime, action, type, reason, metadata } = event;
  const { deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, related } = event;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata,
    involvedObject: regarding ?? {},
    related,
    reason,
    message: note,
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp ?? null,
    lastTimestamp: deprecatedLastTimestamp ?? null,
    count: deprecatedCount,
    type,
    eventTime: eventTime ?? null,
    series: isJson(series) ? { count: series['count'], lastObservedTime: series['lastObservedTime'] } : undefined,
    action,
    reportingComponent: reportingController ?? '',
    reportingInstance: reportingInstance ?? '',
  };
}

/** From the form of the core group to that of events.k8s.io. */
export function toStoredEvent(event: ApiObject): ApiObject {
  if (event.kind !== 'Event' || event.apiVersion !== 'v1') return event;
  const { involvedObject, message, reportingComponent, reportingInstance, series, eventTime, action, type, reason, metadata } = event;
  const { source, firstTimestamp, lastTimestamp, count, related } = event;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata,
    regarding: involvedObject,
    related,
    reason,
    note: message,
    type,
    eventTime,
    series,
    action,
    reportingController: reportingComponent,
    reportingInstance,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  };
}
