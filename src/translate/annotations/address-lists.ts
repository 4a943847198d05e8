// Lists of client addresses that may or may not pass.
import { supported } from './row.ts';
import type { AnnotationRow } from './row.ts';
import { parseAddressItems } from '../value-parsers.ts';

export const addressListAnnotations: readonly AnnotationRow[] = [
  supported({
    name: 'allowlist-source-range',
    aliases: ['whitelist-source-range'],
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseAddressItems,
    set: (draft, value) => {
      draft.access.allow = value;
    },
    summary: 'Addresses and CIDRs; only clients in them may pass, others get 403.',
  }),
  supported({
    name: 'denylist-source-range',
    scope: 'location',
    risk: 'Medium',
    onInvalid: 'refuse',
    parse: parseAddressItems,
    set: (draft, value) => {
      draft.access.deny = value;
    },
    summary: 'Addresses and CIDRs; clients in them get 403, also where the allow list names them.',
  }),
];
