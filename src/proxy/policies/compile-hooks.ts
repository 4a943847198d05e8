// Joins the hooks of all families of one route, in the order of the phases.
import type { Route, VirtualHost } from '../../model/route.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import { compileBlockedClients } from './blocked-clients.ts';
import { compileCanary } from './canary.ts';
import { compileClientCertificates } from './client-certificate.ts';
import { compileCors } from './cors.ts';
import { compileMirror } from './mirror.ts';
import { compileRateLimits } from './rate-limits.ts';
import { compileRedirect } from './redirect.ts';
import { compileRewrite } from './rewrite.ts';
import { compileAccess } from './satisfy.ts';
import { compileRequestFieldPolicies } from './request-fields.ts';
import { compileResponseFieldPolicies } from './response-fields.ts';
import { compileSnippets } from './snippet.ts';
import { compileStatusPage } from './status-page.ts';
import { compileResponseRewrites } from './response-rewrite.ts';
import { compileTracing } from './tracing.ts';
import {
  FIRST_LATE_PHASE,
  REQUEST_PHASES,
  type LateFields,
  type RequestPolicy,
  type RequestTracer,
  type ResponsePolicy,
  type RouteHooks,
  type UpstreamSelector,
} from './policy.ts';

/** Compiles what one family has for a route, or undefined. Must not throw. */
export type HookCompiler = (route: Route, host: VirtualHost, deps: RouteCompilerDeps) => RouteHooks | undefined;

/** One line for each family. */
const compilers: readonly HookCompiler[] = [
  compileBlockedClients,
  compileStatusPage,
  compileClientCertificates,
  compileRedirect,
  // Headers of these stand before those of snippets in the configuration that ingress-nginx writes.
  compileResponseRewrites,
  compileCors,
  compileSnippets,
  compileRewrite,
  compileRateLimits,
  compileMirror,
  compileAccess,
  compileResponseFieldPolicies,
  compileRequestFieldPolicies,
  compileCanary,
  compileTracing,
];

export interface CompiledHooks {
  /** In the order of their phases. */
  readonly request: readonly RequestPolicy[];
  /** Index of the first that runs behind the redirect to TLS. */
  readonly firstLate: number;
  readonly response: readonly ResponsePolicy[] | undefined;
  readonly selectors: readonly UpstreamSelector[] | undefined;
  readonly tracer: RequestTracer | undefined;
  /** Fields of the request that are kept for response hooks; undefined: none. */
  readonly lateFields: LateFields | undefined;
}

/** Of requests whose route has none, but whose upstream looks at them. */
export const NO_HOOKS: CompiledHooks = {
  request: [],
  firstLate: 0,
  response: undefined,
  selectors: undefined,
  tracer: undefined,
  lateFields: undefined,
};

/** Undefined where the route has no policies at all: then no request of it ever looks for one. */
export function compileHooks(route: Route, host: VirtualHost, deps: RouteCompilerDeps): CompiledHooks | undefined {
  const found: RouteHooks[] = [];
  for (const compile of compilers) {
    const hooks = compile(route, host, deps);
    if (hooks !== undefined) found.push(hooks);
  }
  const [only] = found;
  if (only === undefined) return undefined;
  if (found.length > 1) return join(found);
  let joined = deps.joinedHooks.get(only);
  if (joined === undefined) deps.joinedHooks.set(only, (joined = join(found)));
  return joined;
}

function join(found: readonly RouteHooks[]): CompiledHooks {
  const requests = found.flatMap((hooks) => hooks.request ?? []).toSorted((a, b) => phaseOf(a) - phaseOf(b));
  const firstLatePhase = REQUEST_PHASES.indexOf(FIRST_LATE_PHASE);
  return {
    request: requests,
    firstLate: requests.filter((policy) => phaseOf(policy) < firstLatePhase).length,
    response: orUndefined([...found.flatMap((hooks) => hooks.response ?? []), ...found.flatMap((hooks) => hooks.lastResponse ?? [])]),
    selectors: orUndefined(found.flatMap((hooks) => (hooks.selector === undefined ? [] : [hooks.selector]))),
    tracer: found.find((hooks) => hooks.tracer !== undefined)?.tracer,
    lateFields: joinLateFields(found),
  };
}

function joinLateFields(found: readonly RouteHooks[]): LateFields | undefined {
  if (found.some(({ lateFields }) => lateFields === 'all')) return 'all';
  return orUndefined([...new Set(found.flatMap(({ lateFields }) => lateFields ?? []))]);
}

function phaseOf(policy: RequestPolicy): number {
  return REQUEST_PHASES.indexOf(policy.phase);
}

function orUndefined<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
