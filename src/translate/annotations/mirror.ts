// Copies of requests to another server.
import { notYet } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const mirrorAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'mirror-target', scope: 'location', risk: 'High', summary: 'URL that gets a copy of each request.' }),
  notYet({ name: 'mirror-request-body', scope: 'location', risk: 'Low', summary: 'Whether the copy has the body.' }),
  notYet({ name: 'mirror-host', scope: 'location', risk: 'High', summary: 'Host header of the copy.' }),
];
