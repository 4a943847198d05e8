// How a request finds its endpoint.
import { parseBool } from '../value-parsers.ts';
import { notYet, supported } from './row.ts';
import type { AnnotationRow, ReadProblem } from './row.ts';

const KNOWN_ALGORITHMS: ReadonlySet<string> = new Set(['ewma', 'chash', 'chashsubset', 'sticky_balanced', 'sticky_persistent']);

export const loadBalancingAnnotations: readonly AnnotationRow[] = [
  {
    name: 'load-balance',
    aliases: [],
    scope: 'backend',
    risk: 'Low',
    status: { kind: 'supported', onInvalid: 'drop', read: readLoadBalance },
    summary: '`round_robin`; `ewma` is not supported yet.',
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
  notYet({ name: 'upstream-hash-by', scope: 'backend', risk: 'High', summary: 'Consistent hash of this text with variables.' }),
  notYet({ name: 'upstream-hash-by-subset', scope: 'backend', risk: 'Low', summary: 'The hash chooses a group of endpoints.' }),
  notYet({ name: 'upstream-hash-by-subset-size', scope: 'backend', risk: 'Low', summary: 'Size of the group.' }),
];

function readLoadBalance(text: string): ReadProblem | undefined {
  if (text === 'round_robin') return undefined;
  if (KNOWN_ALGORITHMS.has(text))
    return { kind: 'unsupported', message: `the algorithm ${text} is not supported yet; round_robin is used` };
  return { kind: 'invalid', message: 'is not a load balancing algorithm' };
}
