// Canary annotations: they make an Ingress an addition to another one.
import { parseBool } from '../value-parsers.ts';
import { notYet } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const canaryAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'canary',
    scope: 'ingress',
    risk: 'Low',
    // A canary that is taken for an ordinary Ingress would compete with its main Ingress for the whole traffic.
    without: (text) => {
      const value = parseBool(text);
      if (!value.ok) return 'serve';
      return value.value ? 'ignore-ingress' : 'same';
    },
    summary: 'The Ingress only offers an alternative backend to the Ingress with the same host and path.',
  }),
  notYet({ name: 'canary-by-header', scope: 'backend', risk: 'Medium', summary: 'Header whose value `always` or `never` decides.' }),
  notYet({
    name: 'canary-by-header-value',
    scope: 'backend',
    risk: 'Medium',
    summary: 'Value of `canary-by-header` that goes to the canary.',
  }),
  notYet({
    name: 'canary-by-header-pattern',
    scope: 'backend',
    risk: 'Medium',
    summary: 'Regular expression for the value of `canary-by-header`.',
  }),
  notYet({ name: 'canary-by-cookie', scope: 'backend', risk: 'Medium', summary: 'Cookie whose value `always` or `never` decides.' }),
  notYet({ name: 'canary-weight', scope: 'backend', risk: 'Low', summary: 'Share of the requests that go to the canary.' }),
  notYet({ name: 'canary-weight-total', scope: 'backend', risk: 'Low', summary: 'What `canary-weight` is a share of.' }),
];
