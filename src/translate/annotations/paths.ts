// Annotations that change how paths match and what path the backend sees.
import { noEffect, notYet, whereTrue } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const pathAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'rewrite-target',
    scope: 'location',
    risk: 'Medium',
    summary: 'Replaces the path; `$1` to `$9` are captures of the rule path.',
  }),
  notYet({
    name: 'use-regex',
    scope: 'location',
    risk: 'Low',
    without: whereTrue,
    summary: 'The paths of the host are regular expressions.',
  }),
  notYet({ name: 'app-root', scope: 'host', risk: 'Medium', summary: 'Redirects `/` of the host to this path (302).' }),
  notYet({
    name: 'x-forwarded-prefix',
    scope: 'location',
    risk: 'Medium',
    summary: 'Sends X-Forwarded-Prefix where `rewrite-target` is active.',
  }),
  noEffect({
    name: 'enable-rewrite-log',
    scope: 'location',
    risk: 'Low',
    reason: 'it only makes nginx write notices about rewrites',
    summary: 'Logs rewrites in nginx.',
  }),
];
