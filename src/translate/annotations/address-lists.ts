// Lists of client addresses that may or may not pass.
import { notYet, refuse } from './row.ts';
import type { AnnotationRow } from './row.ts';

export const addressListAnnotations: readonly AnnotationRow[] = [
  notYet({
    name: 'allowlist-source-range',
    aliases: ['whitelist-source-range'],
    scope: 'location',
    risk: 'Medium',
    without: refuse,
    summary: 'Only these addresses may pass.',
  }),
  notYet({ name: 'denylist-source-range', scope: 'location', risk: 'Medium', without: refuse, summary: 'These addresses may not pass.' }),
];
