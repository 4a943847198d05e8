// Default backends and error pages of an Ingress.
import { fail, ok } from '../../kit/result.ts';
import { commaList, integerBetween, parseBool, textMatching } from '../value-parsers.ts';
import type { ValueParser } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationRow } from './row.ts';

const SERVICE_NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const errorPageAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'default-backend',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: textMatching(SERVICE_NAME, 'the name of a Service'),
    set: (draft, value) => {
      draft.defaultBackend = value;
    },
    summary: 'Service of the same namespace that answers while the Service of a rule has no endpoint.',
  }),
  supported({
    name: 'custom-http-errors',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseStatuses(400),
    set: (draft, value) => {
      draft.customHttpErrors = value;
    },
    summary: 'Statuses that the default backend answers instead, told in X-Code.',
    differs:
      'a request body above 64 KiB that was passed on as it came (`proxy-request-buffering: off`) is not sent to the default backend again',
  }),
  supported({
    name: 'disable-proxy-intercept-errors',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.passesBackendErrors = value;
    },
    summary: 'Leaves answers of the backend alone where `custom-http-errors` is set.',
  }),
];

/** Comma list of statuses from `min` to 599. */
export function parseStatuses(min: number): ValueParser<readonly number[]> {
  const parseStatus = integerBetween(min, 599);
  return (text) => {
    const statuses: number[] = [];
    for (const item of commaList(text.slice(0, 8192))) {
      const status = parseStatus(item);
      if (!status.ok) return fail(`has the item ${JSON.stringify(item.slice(0, 80))}, which ${status.error}`);
      if (!statuses.includes(status.value)) statuses.push(status.value);
    }
    return ok(statuses);
  };
}
