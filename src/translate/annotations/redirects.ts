// Annotations that answer with a redirect instead of the backend.
import { notYet, whereTrue } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const redirectAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'permanent-redirect', scope: 'location', risk: 'Medium', summary: 'Answers 301 with this Location.' }),
  notYet({ name: 'permanent-redirect-code', scope: 'location', risk: 'Low', summary: 'Status of `permanent-redirect`, 300 to 308.' }),
  notYet({
    name: 'temporal-redirect',
    scope: 'location',
    risk: 'Medium',
    summary: 'Answers 302 with this Location; wins over `permanent-redirect`.',
  }),
  notYet({ name: 'temporal-redirect-code', scope: 'location', risk: 'Low', summary: 'Status of `temporal-redirect`, 300 to 307.' }),
  notYet({
    name: 'from-to-www-redirect',
    scope: 'host',
    risk: 'Low',
    without: whereTrue,
    summary: 'Redirects the host with (or without) `www.` to the one that the rule names.',
  }),
];
