// Snippets are nginx configuration. Their risk is Critical, so by default (`annotations-risk-level: High`) an Ingress with one is dropped;
// where Critical is allowed, the snippet is left out and the Ingress served, as ingress-nginx does without `allow-snippet-annotations`.
import { notYet } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const snippetAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'configuration-snippet', scope: 'location', risk: 'Critical', summary: 'nginx directives for the locations.' }),
  notYet({ name: 'server-snippet', scope: 'host', risk: 'Critical', summary: 'nginx directives for the host.' }),
  notYet({ name: 'auth-snippet', scope: 'location', risk: 'Critical', summary: 'nginx directives for the request to `auth-url`.' }),
  notYet({ name: 'stream-snippet', scope: 'ingress', risk: 'Critical', summary: 'nginx directives for streams.' }),
];
