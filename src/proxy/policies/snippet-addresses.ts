// `allow` and `deny` of snippets: which of them count for a route, and what they say. As in nginx, a level with any list of addresses has
// nothing of the levels above, and annotations, whose lists stand before the snippet in the same location, go first.
import { parseCidrSet } from '../../kit/cidr.ts';
import type { AddressRule } from '../../model/policies/snippet.ts';
import type { Route, VirtualHost } from '../../model/route.ts';
import type { Settings } from '../../model/settings.ts';
import { type AccessCheck, type AccessDecision, NO_OPINION, YES } from './access-check.ts';

const REFUSED: AccessDecision = { kind: 'no', status: 403, code: 'PRT-ACCESS-1', lines: '' };
const NO_RULES: readonly AddressRule[] = [];

export interface AddressRules {
  readonly rules: readonly AddressRule[];
  /** True: they are of a level below `http`, where `block-cidrs` stands. */
  readonly hidesGlobal: boolean;
}

const NONE: AddressRules = { rules: NO_RULES, hidesGlobal: false };

export function addressRulesOf(
  { policies, action }: Route,
  { snippet }: VirtualHost,
  { snippets }: Pick<Settings, 'snippets'>,
): AddressRules {
  const ofLocation = action.kind === 'answer' ? NO_RULES : (snippets?.location?.addresses ?? NO_RULES);
  const own = [...(policies.snippet?.addresses ?? NO_RULES), ...ofLocation];
  if (own.length > 0) return { rules: own, hidesGlobal: true };
  if (policies.access?.addresses !== undefined) return NONE;
  const ofHost = [...(snippet?.addresses ?? NO_RULES), ...(snippets?.server?.addresses ?? NO_RULES)];
  if (ofHost.length > 0) return { rules: ofHost, hidesGlobal: true };
  return snippets?.http === undefined ? NONE : { rules: snippets.http.addresses, hidesGlobal: false };
}

/** What the rules say where the lists before them have no opinion. */
export function withAddressRules(before: AccessCheck | undefined, rules: readonly AddressRule[]): AccessCheck | undefined {
  if (rules.length === 0) return before;
  const compiled = rules.map(compileRule);
  return {
    check(request) {
      const answer = before?.check(request) ?? NO_OPINION;
      if (answer.kind !== 'no-opinion') return answer;
      const { clientAddress } = request;
      const first = compiled.find(({ matches }) => matches(clientAddress));
      return first?.decision ?? NO_OPINION;
    },
  };
}

interface CompiledRule {
  readonly matches: (address: string) => boolean;
  readonly decision: AccessDecision;
}

function compileRule({ addresses, isAllowed }: AddressRule): CompiledRule {
  const decision = isAllowed ? YES : REFUSED;
  if (addresses === 'all') return { matches: () => true, decision };
  const set = parseCidrSet([addresses]);
  // It was checked before; what cannot be read lets nobody in.
  return set.ok ? { matches: (address) => set.value.contains(address), decision } : { matches: () => true, decision: REFUSED };
}
