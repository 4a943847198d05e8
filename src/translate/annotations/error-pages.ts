// Default backends and error pages of an Ingress.
import { textMatching } from '../value-parsers.ts';
import { notYet, supported, whereTrue } from './row.ts';
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
  notYet({ name: 'custom-http-errors', scope: 'location', risk: 'Low', summary: 'Statuses that the default backend answers instead.' }),
  notYet({
    name: 'disable-proxy-intercept-errors',
    scope: 'location',
    risk: 'Low',
    without: whereTrue,
    summary: 'Leaves answers of the backend alone where `custom-http-errors` is set.',
  }),
];
