// Allow and deny lists of client addresses. The deny list is asked first. A list that does not parse, which translation never lets
// through, lets nobody through here.
import { type CidrSet, parseCidrSet } from '../../kit/cidr.ts';
import type { AddressLists } from '../../model/policies/access.ts';
import { type AccessCheck, type AccessDecision, NO_OPINION, YES } from './access-check.ts';

const REFUSED: AccessDecision = { kind: 'no', status: 403, code: 'PRT-ACCESS-1', lines: '' };

export function compileAddressLists({ deny, allow }: AddressLists): AccessCheck {
  const denied = parseCidrSet(deny);
  const allowed = parseCidrSet(allow);
  if (!denied.ok || !allowed.ok) return { check: () => REFUSED };
  return { check: (request) => decide(request.clientAddress, denied.value, allowed.value) };
}

/** nginx's `deny …; allow …; deny all;`: without an allow list an address that is not denied is neither allowed nor refused. */
function decide(address: string, denied: CidrSet, allowed: CidrSet): AccessDecision {
  if (denied.contains(address)) return REFUSED;
  if (allowed.isEmpty) return NO_OPINION;
  return allowed.contains(address) ? YES : REFUSED;
}
