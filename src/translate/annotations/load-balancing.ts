// How a request finds its endpoint.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { LoadBalancing } from '../../model/policies/load-balancing.ts';
import { parseTemplate } from '../../model/template.ts';
import { integerBetween, parseBool } from '../value-parsers.ts';
import { supported } from './row.ts';
import type { AnnotationDraft, AnnotationRow, ReadProblem } from './row.ts';

export type BalancingAlgorithm = 'round_robin' | 'ewma';

/** A missing member was not set. */
export interface LoadBalancingDraft {
  algorithm?: BalancingAlgorithm;
  hashBy?: string;
  isSubset?: boolean;
  subsetSize?: number;
}

const DEFAULT_SUBSET_SIZE = 3;
const MAX_SUBSET_SIZE = 10_000;
const HASH_KEY = /^[A-Za-z0-9\-_${}]{1,1024}$/;
/** ingress-nginx accepts them, but can do nothing with them. */
const UNUSABLE: ReadonlySet<string> = new Set(['chash', 'chashsubset', 'sticky_balanced', 'sticky_persistent']);

export const loadBalancingAnnotations: readonly AnnotationRow[] = [
  {
    name: 'load-balance',
    aliases: [],
    scope: 'backend',
    risk: 'Low',
    status: { kind: 'supported', onInvalid: 'drop', read: readLoadBalance },
    summary: '`round_robin` or `ewma` (the faster of two random endpoints). Affinity and `upstream-hash-by` go before it.',
  },
  supported({
    name: 'service-upstream',
    scope: 'backend',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.serviceUpstream = value;
    },
    summary: 'Sends to the ClusterIP of the Service instead of to its endpoints; headless Services keep their endpoints.',
  }),
  {
    name: 'upstream-hash-by',
    aliases: [],
    scope: 'backend',
    risk: 'High',
    status: { kind: 'supported', onInvalid: 'drop', read: readHashBy },
    summary: 'Consistent hash of this text with variables. A retry goes to the next endpoint on the ring.',
  },
  supported({
    name: 'upstream-hash-by-subset',
    scope: 'backend',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseBool,
    set: (draft, value) => {
      (draft.loadBalancing ??= {}).isSubset = value;
    },
    summary: 'The hash chooses a group of endpoints, chance one of them.',
  }),
  supported({
    name: 'upstream-hash-by-subset-size',
    scope: 'backend',
    risk: 'Low',
    onInvalid: 'drop',
    parse: integerBetween(0, MAX_SUBSET_SIZE),
    set: (draft, value) => {
      // ingress-nginx cannot tell 0 from a missing value.
      (draft.loadBalancing ??= {}).subsetSize = value === 0 ? DEFAULT_SUBSET_SIZE : value;
    },
    summary: `Size of the group; ${DEFAULT_SUBSET_SIZE} by default, and for 0.`,
  }),
];

/** Undefined: round robin. */
export function loadBalancingOf(draft: LoadBalancingDraft | undefined, byDefault: BalancingAlgorithm): LoadBalancing | undefined {
  const { algorithm, hashBy, isSubset, subsetSize } = draft ?? {};
  if (hashBy !== undefined) {
    return { kind: 'hash', key: hashBy, ...(isSubset === true && { subsetSize: subsetSize ?? DEFAULT_SUBSET_SIZE }) };
  }
  return (algorithm ?? byDefault) === 'ewma' ? { kind: 'ewma' } : undefined;
}

/** The value of annotation and ConfigMap key `load-balance`. */
export function parseAlgorithm(text: string): Result<BalancingAlgorithm> {
  return text === 'round_robin' || text === 'ewma' ? ok(text) : fail('is neither round_robin nor ewma');
}

function readLoadBalance(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  if (UNUSABLE.has(text)) return { kind: 'unsupported', message: `the algorithm ${text} does nothing by itself; round_robin is used` };
  const algorithm = parseAlgorithm(text);
  if (!algorithm.ok) return { kind: 'invalid', message: algorithm.error };
  (draft.loadBalancing ??= {}).algorithm = algorithm.value;
  return undefined;
}

function readHashBy(text: string, draft: AnnotationDraft): ReadProblem | undefined {
  if (!HASH_KEY.test(text)) return { kind: 'invalid', message: 'has characters other than letters, digits, "-", "_" and variables' };
  const template = parseTemplate(text);
  if (!template.ok) return { kind: 'invalid', message: template.error };
  (draft.loadBalancing ??= {}).hashBy = text;
  const [unknown] = template.value.unknownNames;
  return unknown === undefined ? undefined : { kind: 'unsupported', message: `$${unknown} is no variable and counts as empty` };
}
