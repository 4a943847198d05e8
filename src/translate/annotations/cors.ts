// Cross-origin resource sharing.
import { notYet, whereTrue } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const corsAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'enable-cors',
    scope: 'location',
    risk: 'Low',
    without: whereTrue,
    summary: 'Answers preflight requests and adds the CORS headers.',
  }),
  notYet({ name: 'cors-allow-origin', scope: 'location', risk: 'Medium', summary: 'Origins that may read the answers.' }),
  notYet({ name: 'cors-allow-methods', scope: 'location', risk: 'Medium', summary: 'Access-Control-Allow-Methods.' }),
  notYet({ name: 'cors-allow-headers', scope: 'location', risk: 'Medium', summary: 'Access-Control-Allow-Headers.' }),
  notYet({ name: 'cors-expose-headers', scope: 'location', risk: 'Medium', summary: 'Access-Control-Expose-Headers.' }),
  notYet({ name: 'cors-allow-credentials', scope: 'location', risk: 'Low', summary: 'Access-Control-Allow-Credentials.' }),
  notYet({ name: 'cors-max-age', scope: 'location', risk: 'Low', summary: 'Access-Control-Max-Age.' }),
];
