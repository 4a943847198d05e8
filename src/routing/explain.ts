// Explains a decision: which host entry takes a request and why, what every rule of that host makes of the path, and what is done.
//
// There is no second matcher here. The verdict is the table's own; whether a rule that lost would have taken the path by itself is
// asked of the same matcher, on a host that has only this rule. Only the words are made here.
import { compilePathPattern } from '../kit/pattern.ts';
import { CATCH_ALL_HOST, rulePath } from '../model/route.ts';
import type { Action, HostName, PathMatch, Route, VirtualHost } from '../model/route.ts';
import type { Origin } from '../model/origin.ts';
import type { CompiledHost, PathVerdict } from './compiled-host.ts';
import { normaliseHost } from './normalise-host.ts';
import { normalisePath } from './normalise-path.ts';
import type { BadPathReason } from './normalise-path.ts';
import { createPatternCache } from './pattern-cache.ts';
import type { PatternCache } from './pattern-cache.ts';
import { BUILT_IN_CATCH_ALL, compileHost, createRoutingTable } from './table.ts';
import type { RoutingTable } from './table.ts';

export interface ExplainedRequest {
  readonly scheme: 'http' | 'https';
  /** As in the Host header; empty if there is none. */
  readonly host: string;
  /** Path of the request target as sent; a query is cut off. */
  readonly path: string;
}

export interface Explanation {
  readonly request: ExplainedRequest;
  readonly host: HostChoice;
  /** The path that rules were matched against; undefined if it was refused before. */
  readonly path: string | undefined;
  /** The rules of the host: the one that won first, then those that lost, then those that do not take the path, in the order of the model. */
  readonly candidates: readonly Candidate[];
  readonly outcome: Outcome;
}

export interface HostChoice {
  readonly kind: 'exact' | 'wildcard' | 'alias' | 'catch-all' | 'built-in-catch-all';
  /** The name that was looked up. */
  readonly asked: string;
  readonly name: HostName;
  /** Where `kind` is `alias`. */
  readonly aliasOf?: HostName;
  readonly pathMode: VirtualHost['pathMode'];
  readonly origin: Origin;
}

export interface Candidate {
  readonly route: string;
  readonly match: PathMatch;
  readonly origin: Origin;
  readonly reason: CandidateReason;
}

export type CandidateReason =
  | {
      readonly kind: 'won';
      readonly because:
        | 'app-root'
        | 'snippet-location'
        | 'exact-path'
        | 'path-of-the-prefix'
        | 'longest-prefix'
        | 'first-pattern'
        | 'path-lacks-slash';
    }
  /** It takes the path, but another rule goes first. */
  | {
      readonly kind: 'lost';
      readonly to: string;
      readonly because: 'app-root' | 'snippet-location' | 'exact-path' | 'longer-prefix' | 'slash-redirect' | 'earlier-pattern';
    }
  | { readonly kind: 'no-match'; readonly because: 'other-path' | 'case' | 'part-of-an-element' | 'pattern' }
  | { readonly kind: 'no-match'; readonly because: 'bad-pattern'; readonly message: string };

export type Outcome =
  | { readonly kind: 'bad-path'; readonly reason: BadPathReason }
  | { readonly kind: 'no-route' }
  /** 301 to the path with a slash at the end; the query is kept. */
  | { readonly kind: 'slash-redirect'; readonly route: string; readonly location: string }
  /** To the same URL over TLS; `action` is what follows it there. */
  | { readonly kind: 'tls-redirect'; readonly route: string; readonly statusCode: number; readonly action: Action }
  | { readonly kind: 'action'; readonly route: string; readonly action: Action };

/** Explains by a table that is in use. */
export function explain(table: RoutingTable<unknown>, request: ExplainedRequest): Explanation {
  const asked = normaliseHost(request.host);
  const compiled = table.findHost(asked);
  const choice = describeHost(compiled.host, asked);
  const normalised = normalisePath(request.path.split('?', 1)[0] ?? '');
  if (normalised.kind === 'bad') {
    return { request, host: choice, path: undefined, candidates: [], outcome: { kind: 'bad-path', reason: normalised.reason } };
  }
  const { path } = normalised;
  const verdict = compiled.matchPath(path);
  const candidates = describeCandidates(compiled, path, verdict);
  return { request, host: choice, path, candidates, outcome: describeOutcome(verdict, request) };
}

/** Explains by rows of the model, without a running data plane. */
export function explainHosts(hosts: Iterable<VirtualHost>, request: ExplainedRequest): Explanation {
  const table = createRoutingTable(() => null);
  for (const host of hosts) table.upsertHost(host);
  return explain(table, request);
}

function describeHost(host: VirtualHost, asked: string): HostChoice {
  const { name, aliasOf, pathMode, origin } = host;
  return { kind: hostChoiceKind(host), asked, name, ...(aliasOf !== undefined && { aliasOf }), pathMode, origin };
}

function hostChoiceKind(host: VirtualHost): HostChoice['kind'] {
  if (host === BUILT_IN_CATCH_ALL) return 'built-in-catch-all';
  if (host.aliasOf !== undefined) return 'alias';
  if (host.name === CATCH_ALL_HOST) return 'catch-all';
  return host.name.startsWith('*.') ? 'wildcard' : 'exact';
}

function describeOutcome(verdict: PathVerdict<unknown> | undefined, request: ExplainedRequest): Outcome {
  if (verdict === undefined) return { kind: 'no-route' };
  const { route } = verdict;
  if (verdict.kind === 'slash-redirect') return { kind: 'slash-redirect', route: route.id, location: verdict.location };
  // A redirect of the route's own goes first.
  const redirect = request.scheme === 'http' && route.action.kind !== 'redirect' ? route.policies.tlsRedirect : undefined;
  if (redirect === undefined) return { kind: 'action', route: route.id, action: route.action };
  return { kind: 'tls-redirect', route: route.id, statusCode: redirect.statusCode, action: route.action };
}

const RANKS: Readonly<Record<CandidateReason['kind'], number>> = { won: 0, lost: 1, 'no-match': 2 };

function describeCandidates(
  compiled: CompiledHost<unknown>,
  path: string,
  verdict: PathVerdict<unknown> | undefined,
): readonly Candidate[] {
  const { host } = compiled;
  const patterns = createPatternCache();
  const winner = host.locations?.find(({ route }) => route === verdict?.route)?.route;
  const others = host.rootRoute === undefined ? host.routes : [host.rootRoute, ...host.routes];
  const rules = winner === undefined ? others : [winner, ...others];
  const candidates = rules.map((route): Candidate => {
    const reason = route === verdict?.route ? whyWon(host, verdict, path) : whyNot({ host, route, path, verdict, patterns });
    return { route: route.id, match: route.match, origin: route.origin, reason };
  });
  return candidates.toSorted((one, other) => RANKS[one.reason.kind] - RANKS[other.reason.kind]);
}

function whyWon(host: VirtualHost, verdict: PathVerdict<unknown>, path: string): CandidateReason {
  if (verdict.route === host.rootRoute) return { kind: 'won', because: 'app-root' };
  if (verdict.route.action.kind === 'answer') return { kind: 'won', because: 'snippet-location' };
  if (verdict.kind === 'slash-redirect') return { kind: 'won', because: 'path-lacks-slash' };
  if (verdict.pattern !== undefined) return { kind: 'won', because: 'first-pattern' };
  const { match } = verdict.route;
  if (match.kind === 'exact') return { kind: 'won', because: 'exact-path' };
  return { kind: 'won', because: match.kind === 'prefix' && match.path === path ? 'path-of-the-prefix' : 'longest-prefix' };
}

interface Loser {
  readonly host: VirtualHost;
  readonly route: Route;
  readonly path: string;
  readonly verdict: PathVerdict<unknown> | undefined;
  readonly patterns: PatternCache;
}

function whyNot({ host, route, path, verdict, patterns }: Loser): CandidateReason {
  if (route === host.rootRoute) return { kind: 'no-match', because: 'other-path' };
  const { rootRoute, locations: _locations, ...rest } = host;
  const alone = compileHost({ ...rest, routes: [route] }, () => null, patterns);
  if (alone.matchPath(path) === undefined || verdict === undefined) return whyNoMatch(host, route.match, path);
  const to = verdict.route.id;
  if (verdict.route === rootRoute) return { kind: 'lost', to, because: 'app-root' };
  if (verdict.route.action.kind === 'answer') return { kind: 'lost', to, because: 'snippet-location' };
  if (verdict.kind === 'slash-redirect') return { kind: 'lost', to, because: 'slash-redirect' };
  if (verdict.pattern !== undefined) return { kind: 'lost', to, because: 'earlier-pattern' };
  const { match } = verdict.route;
  const isSamePath = match.kind === 'exact' || (match.kind === 'prefix' && match.path === path);
  return { kind: 'lost', to, because: isSamePath ? 'exact-path' : 'longer-prefix' };
}

function whyNoMatch(host: VirtualHost, match: PathMatch, path: string): CandidateReason {
  if (host.pathMode === 'regex') {
    const compiled = compilePathPattern(rulePath(match));
    return compiled.ok ? { kind: 'no-match', because: 'pattern' } : { kind: 'no-match', because: 'bad-pattern', message: compiled.error };
  }
  if (match.kind === 'regex') return { kind: 'no-match', because: 'pattern' };
  if (match.kind === 'prefix' && path.startsWith(match.path)) return { kind: 'no-match', because: 'part-of-an-element' };
  const [lowerPath, lowerRule] = [path.toLowerCase(), match.path.toLowerCase()];
  const differsInCase = match.kind === 'exact' ? lowerPath === lowerRule : lowerPath === lowerRule || lowerPath.startsWith(`${lowerRule}/`);
  return { kind: 'no-match', because: differsInCase ? 'case' : 'other-path' };
}
