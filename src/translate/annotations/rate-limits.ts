// Limits on the rate of requests, on connections and on bandwidth.
import { notYet } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const rateLimitAnnotations: readonly AnnotationRow[] = [
  notYet({ name: 'limit-rps', scope: 'location', risk: 'Low', summary: 'Requests a second for each client address.' }),
  notYet({ name: 'limit-rpm', scope: 'location', risk: 'Low', summary: 'Requests a minute for each client address.' }),
  notYet({ name: 'limit-burst-multiplier', scope: 'location', risk: 'Low', summary: 'Burst as a multiple of the rate.' }),
  notYet({ name: 'limit-connections', scope: 'location', risk: 'Low', summary: 'Concurrent requests for each client address.' }),
  notYet({ name: 'limit-rate', scope: 'location', risk: 'Low', summary: 'Bandwidth of a response in KiB/s.' }),
  notYet({ name: 'limit-rate-after', scope: 'location', risk: 'Low', summary: 'KiB that are sent before `limit-rate` applies.' }),
  notYet({ name: 'limit-allowlist', aliases: ['limit-whitelist'], scope: 'location', risk: 'Low', summary: 'Addresses without limits.' }),
];
