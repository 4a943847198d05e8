// Session affinity by cookie.
import { notYet } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const affinityAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'affinity', scope: 'backend', risk: 'Low', summary: '`cookie`: a client stays with its endpoint.' }),
  notYet({ name: 'affinity-mode', scope: 'backend', risk: 'Medium', summary: '`balanced` or `persistent`.' }),
  notYet({ name: 'affinity-canary-behavior', scope: 'backend', risk: 'Low', summary: '`sticky` or `legacy`.' }),
  notYet({ name: 'session-cookie-name', scope: 'backend', risk: 'Medium', summary: 'Name of the cookie.' }),
  notYet({ name: 'session-cookie-path', scope: 'backend', risk: 'Medium', summary: 'Path of the cookie.' }),
  notYet({ name: 'session-cookie-domain', scope: 'backend', risk: 'Medium', summary: 'Domain of the cookie.' }),
  notYet({ name: 'session-cookie-expires', scope: 'backend', risk: 'Medium', summary: 'Expires of the cookie, in seconds from now.' }),
  notYet({ name: 'session-cookie-max-age', scope: 'backend', risk: 'Medium', summary: 'Max-Age of the cookie, in seconds.' }),
  notYet({ name: 'session-cookie-secure', scope: 'backend', risk: 'Low', summary: 'Secure of the cookie.' }),
  notYet({ name: 'session-cookie-samesite', scope: 'backend', risk: 'Low', summary: 'SameSite of the cookie.' }),
  notYet({
    name: 'session-cookie-conditional-samesite-none',
    scope: 'backend',
    risk: 'Low',
    summary: 'Leaves out SameSite=None for user agents that misread it.',
  }),
  notYet({
    name: 'session-cookie-change-on-failure',
    scope: 'backend',
    risk: 'Low',
    summary: 'Picks another endpoint, with a new cookie, after a failed attempt.',
  }),
];
