// Interprets what snippets of the host and of the route mean, those of the ConfigMap with them: steps in the rewrite stage, rules for
// headers. `allow` and `deny` are part of who may use the route (satisfy.ts).
import { compileExactCasePattern, compileSearchPattern } from '../../kit/pattern.ts';
import type { Snippet, SnippetRule } from '../../model/policies/snippet.ts';
import { type Route, rulePath, type VirtualHost } from '../../model/route.ts';
import type { Settings } from '../../model/settings.ts';
import type { PatternCache } from '../../routing/pattern-cache.ts';
import { pathBytes } from '../exchange/path-bytes.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { RouteCompilerDeps } from '../proxy-route.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyAnswer, type RequestPolicy, type ResponsePolicy, type RouteHooks } from './policy.ts';
import { compileLevel, type SnippetLevel } from './snippet-level.ts';
import { compileSteps, type CompiledStep, startRun } from './snippet-steps.ts';

const SEARCH: PolicyAnswer = { kind: 'search' };
const NO_RULES: readonly SnippetRule[] = [];

/** Steps of the host's snippets: they run before the route of the request is looked for. */
export interface HostSteps {
  run(request: PolicyRequest): PolicyAnswer;
}

/** Undefined: the host has no steps. */
export function findHostSteps(
  host: VirtualHost,
  { settings, hostSteps }: Pick<RouteCompilerDeps, 'settings' | 'hostSteps'>,
): HostSteps | undefined {
  if (host.snippet === undefined && settings.snippets?.server === undefined) return undefined;
  if (!hostSteps.has(host)) hostSteps.set(host, compileHostSteps(host, settings));
  return hostSteps.get(host);
}

function compileHostSteps({ snippet }: VirtualHost, { snippets }: Settings): HostSteps | undefined {
  const steps = stepsOf(snippet, snippets?.server);
  if (steps.length === 0) return undefined;
  const places = [rulesOf(snippets?.http), rulesOf(snippet, snippets?.server)];
  const run = compileSteps(steps, places);
  const level = compileLevel(places);
  return {
    run(request) {
      const state = startRun(level);
      request.snippetLevel = level;
      const outcome = run(request, state);
      if (typeof outcome !== 'string') return outcome;
      request.snippetLevel = undefined;
      return SEARCH;
    },
  };
}

export const compileSnippets: HookCompiler = (route, host, deps): RouteHooks | undefined => {
  const { snippets } = deps.settings;
  const { snippet, rewrite, access } = route.policies;
  if (snippet === undefined && host.snippet === undefined && snippets === undefined) return undefined;
  const isPlain = snippet === undefined && rewrite === undefined && access?.external === undefined && host.pathMode === 'literal';
  const owner = host.snippet ?? snippets;
  if (!isPlain || owner === undefined) return hooksFor(route, host, deps);
  // Routes that say nothing of their own have the same, however many there are.
  let hooks = deps.snippetHooks.get(owner);
  if (hooks === undefined) deps.snippetHooks.set(owner, (hooks = hooksFor(route, host, deps)));
  return hooks;
};

function hooksFor(route: Route, host: VirtualHost, { settings, patterns }: RouteCompilerDeps): RouteHooks {
  const { snippets } = settings;
  const { snippet } = route.policies;
  // ingress-nginx writes an add_header (for Set-Cookie) into every location with an authentication service.
  const hasAddHeader = route.policies.access?.external !== undefined;
  const above = [rulesOf(snippets?.http), rulesOf(host.snippet, snippets?.server)];
  const places = [
    ...(hasAddHeader ? above.map((rules) => rules.filter(({ kind }) => kind !== 'add-response')) : above),
    // A location of a snippet has what the ConfigMap says about the host, and nothing that is meant for those that ingress-nginx makes.
    route.action.kind === 'answer' ? rulesOf(snippet) : rulesOf(snippet, snippets?.location),
  ];
  const steps = route.action.kind === 'answer' ? stepsOf(snippet) : stepsOf(snippet, snippets?.location);
  const level = compileLevel(places);
  const readCaptures = capturesOfLocation(route, host, patterns);
  const rewriting =
    steps.length === 0 && readCaptures === undefined
      ? []
      : [rewritingPolicy({ run: compileSteps(steps, places), level, isRewritten: patternToRewrite(route, patterns), readCaptures })];
  return { request: [...rewriting, forwardingPolicy(level)], ...responsePolicies(level), lateFields: 'all' };
}

interface LocationSteps {
  readonly run: CompiledStep;
  readonly level: SnippetLevel;
  /** Whether the annotation `rewrite-target` takes the path that the snippet has made. */
  readonly isRewritten: (request: PolicyRequest) => boolean;
  readonly readCaptures: ReadCaptures | undefined;
}

type ReadCaptures = (request: PolicyRequest) => PolicyRequest['captures'];

function rewritingPolicy({ run, level, isRewritten, readCaptures }: LocationSteps): RequestPolicy {
  return {
    phase: 'steps',
    onRequest(request) {
      if (readCaptures !== undefined) request.captures = readCaptures(request);
      const state = startRun(level);
      const outcome = run(request, state);
      request.snippetLevel = state.level;
      if (typeof outcome !== 'string') return outcome;
      request.isRewritingOver = outcome === 'end';
      if (!state.isPathChanged) return CONTINUE;
      // Behind the snippet stand `return` for a redirect, or `rewrite` with `break` for `rewrite-target`.
      const isRedirected = request.route.route.action.kind === 'redirect';
      return outcome === 'go-on' && (isRedirected || isRewritten(request)) ? CONTINUE : SEARCH;
    },
  };
}

/** What the location captures where it is a regular expression: snippets may use it. */
function capturesOfLocation(route: Route, host: VirtualHost, patterns: PatternCache): ReadCaptures | undefined {
  if (route.action.kind !== 'answer') {
    const pattern = rulePath(route.match);
    return host.pathMode === 'regex' ? (request) => patterns.capture(pattern, request.path) ?? [] : undefined;
  }
  const match = host.locations?.find((location) => location.route === route)?.match;
  if (match?.kind !== 'regex') return undefined;
  const compiled = (match.ignoresCase ? compileSearchPattern : compileExactCasePattern)(match.pattern);
  return compiled.ok ? (request) => compiled.value.capture(pathBytes(request.path)) ?? [] : undefined;
}

function patternToRewrite({ policies, match }: Route, patterns: PatternCache): (request: PolicyRequest) => boolean {
  if (policies.rewrite === undefined) return () => false;
  const pattern = rulePath(match);
  return (request) => patterns.capture(pattern, request.path) !== undefined;
}

function forwardingPolicy(base: SnippetLevel): RequestPolicy {
  return {
    phase: 'forward',
    onRequest(request) {
      for (const edit of (request.snippetLevel ?? base).request) edit(request);
      return CONTINUE;
    },
  };
}

function responsePolicies(base: SnippetLevel): Pick<RouteHooks, 'response' | 'lastResponse'> {
  const early: ResponsePolicy = {
    onResponse(view) {
      for (const edit of (view.request.snippetLevel ?? base).early) edit(view);
    },
  };
  const late: ResponsePolicy = {
    onResponse(view) {
      for (const edit of (view.request.snippetLevel ?? base).late) edit(view);
    },
  };
  return { response: [early], lastResponse: [late] };
}

function stepsOf(...snippets: readonly (Snippet | undefined)[]): Snippet['steps'] {
  return snippets.flatMap((snippet) => snippet?.steps ?? []);
}

function rulesOf(...snippets: readonly (Snippet | undefined)[]): readonly SnippetRule[] {
  const [first, ...others] = snippets;
  return others.length === 0 ? (first?.rules ?? NO_RULES) : snippets.flatMap((snippet) => snippet?.rules ?? NO_RULES);
}
