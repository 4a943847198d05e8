// Rewrites the path for the upstream (`rewrite-target`): the whole path is replaced by the target with the captures of the rule's pattern, the
// query stays. The result is made from the decoded path, encoded again as nginx does, and checked as a received path would be, for captures
// can put a dot segment together that was none before (docs/security.md, "Path").
import type { RewritePolicy } from '../../model/policies/rewrite.ts';
import { rulePath } from '../../model/route.ts';
import { parseTemplate } from '../../model/template.ts';
import { isPlainPath, normalisePath } from '../../routing/normalise-path.ts';
import type { PatternCache } from '../../routing/pattern-cache.ts';
import { encodePath } from '../exchange/path-bytes.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { redirectAnswer } from '../exchange/redirects.ts';
import type { HookCompiler } from './compile-hooks.ts';
import { CONTINUE, type PolicyVerdict, type RouteHooks } from './policy.ts';
import { compileTemplate, type ExpandTemplate } from './variables.ts';

const REFUSED: PolicyVerdict = { kind: 'refuse', code: 'PRT-REQ-5' };

export const compileRewrite: HookCompiler = ({ action, policies }, _host, { patterns, rewrites }): RouteHooks | undefined => {
  const { rewrite } = policies;
  if (rewrite === undefined || action.kind === 'redirect' || action.kind === 'refuse') return undefined;
  const key = `${rewrite.target} ${rewrite.forwardedPrefix ?? ''}`;
  let hooks = rewrites.get(key);
  if (hooks === undefined) rewrites.set(key, (hooks = hooksFor(rewrite, patterns)));
  return hooks;
};

/** Nothing in it belongs to one route: thousands of routes have the same target. */
function hooksFor(rewrite: RewritePolicy, patterns: PatternCache): RouteHooks {
  const needsCaptures = hasCaptures(rewrite.target) || hasCaptures(rewrite.forwardedPrefix ?? '');
  const expandTarget = compileTemplate(rewrite.target);
  const expandPrefix = rewrite.forwardedPrefix === undefined ? undefined : compileTemplate(rewrite.forwardedPrefix);
  const isRedirect = /^https?:\/\//.test(rewrite.target);
  return {
    request: [
      {
        phase: 'rewrite',
        onRequest(request) {
          if (request.isRewritingOver) return CONTINUE;
          if (needsCaptures) request.captures = patterns.capture(rulePath(request.route.route.match), request.path) ?? [];
          if (isRedirect) return redirectTo(expandTarget(request), request);
          if (expandPrefix !== undefined) setPrefix(request, expandPrefix);
          return setTarget(request, expandTarget(request));
        },
      },
    ],
  };
}

function hasCaptures(text: string): boolean {
  const template = parseTemplate(text);
  return template.ok && template.value.parts.some((part) => part.kind === 'capture');
}

function setTarget(request: PolicyRequest, path: string): PolicyVerdict {
  const encoded = encodePath(path);
  if (!isPlainPath(encoded)) {
    const normal = normalisePath(encoded);
    if (normal.kind === 'bad' || normal.forwardPath !== encoded) return REFUSED;
  }
  request.path = path;
  request.target = withQuery(encoded, request);
  return CONTINUE;
}

/** A target with a scheme is a redirect to nginx. The answer is the same for a request with a body: 302. */
function redirectTo(url: string, request: PolicyRequest): PolicyVerdict {
  const location = withQuery(encodePath(url), request);
  return redirectAnswer(302, location);
}

/** An empty value is not sent, and neither is one that cannot stand in a head; the client's own field goes in any case. */
function setPrefix(request: PolicyRequest, expand: ExpandTemplate): void {
  request.setRequestField('X-Forwarded-Prefix', Buffer.from(expand(request), 'utf8').latin1Slice());
}

function withQuery(path: string, { query }: PolicyRequest): string {
  return query === '' ? path : `${path}?${query}`;
}
