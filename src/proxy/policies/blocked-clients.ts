// Clients that are refused on every route: `block-user-agents` and `block-referers` before anything else, `block-cidrs` where the route
// has no address lists of its own, as nginx inherits `deny`.
import { parseCidrSet } from '../../kit/cidr.ts';
import { compileExactCasePattern, compileSearchPattern } from '../../kit/pattern.ts';
import type { BlockedClients, TextPattern } from '../../model/policies/access.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyVerdict, type RequestPolicy } from './policy.ts';
import { addressRulesOf } from './snippet-addresses.ts';

const BLOCKED: PolicyVerdict = { kind: 'refuse', code: 'PRT-ACCESS-2' };

export interface CompiledBlocks {
  readonly fields: RequestPolicy | undefined;
  readonly addresses: RequestPolicy | undefined;
}

/** Once for all routes. */
export function compileBlocks({ cidrs, userAgents, referers }: BlockedClients): CompiledBlocks {
  return { fields: blockFields(userAgents, referers), addresses: cidrs.length === 0 ? undefined : blockAddresses(cidrs) };
}

export const compileBlockedClients: HookCompiler = (route, host, { blocks, settings }) => {
  const { fields } = blocks;
  const hasOwn = route.policies.access?.addresses !== undefined || addressRulesOf(route, host, settings).hidesGlobal;
  const addresses = hasOwn ? undefined : blocks.addresses;
  if (fields === undefined && addresses === undefined) return undefined;
  return { request: [fields, addresses].filter((policy) => policy !== undefined) };
};

function blockFields(userAgents: readonly TextPattern[], referers: readonly TextPattern[]): RequestPolicy | undefined {
  if (userAgents.length === 0 && referers.length === 0) return undefined;
  const isBlockedAgent = compilePatterns(userAgents);
  const isBlockedReferer = compilePatterns(referers);
  return {
    phase: 'host',
    onRequest: (request) =>
      isBlockedAgent(request.fieldOf('user-agent')) || isBlockedReferer(request.fieldOf('referer')) ? BLOCKED : CONTINUE,
  };
}

function blockAddresses(cidrs: readonly string[]): RequestPolicy {
  const parsed = parseCidrSet(cidrs);
  // Translation lets no other list through.
  if (!parsed.ok) return { phase: 'access', onRequest: () => BLOCKED };
  const blocked = parsed.value;
  return { phase: 'access', onRequest: (request) => (blocked.contains(request.clientAddress) ? BLOCKED : CONTINUE) };
}

/** nginx's `map`: texts first, then regular expressions in order. A request without the field has an empty one. */
function compilePatterns(patterns: readonly TextPattern[]): (value: string | undefined) => boolean {
  if (patterns.length === 0) return () => false;
  const texts = new Set(patterns.flatMap((pattern) => (pattern.kind === 'text' ? [pattern.text] : [])));
  const tests = patterns.flatMap((pattern) => (pattern.kind === 'regex' ? [compileTest(pattern.pattern, pattern.ignoresCase)] : []));
  return (value = '') => texts.has(value.toLowerCase()) || tests.some((test) => test(value));
}

/** Translation lets no pattern through that does not compile; one that does not all the same blocks everything. */
function compileTest(text: string, ignoresCase: boolean): (value: string) => boolean {
  const pattern = ignoresCase ? compileSearchPattern(text) : compileExactCasePattern(text);
  return pattern.ok ? (value) => pattern.value.test(value) : () => true;
}
