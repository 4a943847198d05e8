// Redirects instead of a backend (`permanent-redirect`, `temporal-redirect`, `app-root`, `from-to-www-redirect`). Those of the host come before
// everything of the route, those of the route after preflight answers and snippets; all of them before the redirect to TLS, limits and
// authentication.
import { assertNever } from '../../kit/assert-never.ts';
import type { RedirectTarget } from '../../model/policies/redirect.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { absoluteLocation, redirectAnswer, redirectScheme } from '../exchange/redirects.ts';
import type { HookCompiler } from './compile-hooks.ts';
import type { RequestPhase, RouteHooks } from './policy.ts';

const PHASES: Readonly<Record<RedirectTarget['kind'], RequestPhase>> = {
  url: 'redirect',
  path: 'redirect',
  'app-root': 'host',
  host: 'host',
};

export const compileRedirect: HookCompiler = ({ action }): RouteHooks | undefined => {
  if (action.kind !== 'redirect') return undefined;
  const { statusCode, to } = action.redirect;
  return {
    request: [
      {
        phase: PHASES[to.kind],
        onRequest: (request) => redirectAnswer(statusCode, locationOf(to, request)),
      },
    ],
  };
};

/** Everything that comes from the client was checked when its head was parsed; scheme and port of trusted headers are checked here. */
function locationOf(to: RedirectTarget, request: PolicyRequest): string {
  switch (to.kind) {
    case 'url':
      return to.url;
    case 'path':
      return absoluteLocation(to.path, request);
    case 'app-root':
      if (request.hostText === '') return to.path;
      return `${request.origin.isTls ? 'https' : 'http'}://${request.hostText}${to.path}`;
    case 'host':
      return `${redirectScheme(request.forwarded, request.origin)}://${to.host}:${portOf(request)}${pathAndQuery(request)}`;
    default:
      return assertNever(to);
  }
}

/** The listening port, not what it is reported as; X-Forwarded-Port where that is believed. */
function portOf(request: PolicyRequest): string {
  const forwarded = request.context.settings.forwarded.useForwardedHeaders ? request.fieldOf('x-forwarded-port') : undefined;
  return forwarded !== undefined && /^\d{1,5}$/.test(forwarded) ? forwarded : String(request.origin.localPort);
}

/** Without one trailing slash, as ingress-nginx cuts it from the request target, query or not. */
function pathAndQuery({ entry }: PolicyRequest): string {
  const { target } = entry;
  if (target === '*') return '';
  return target.endsWith('/') ? target.slice(0, -1) : target;
}
