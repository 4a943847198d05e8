// Where a client goes that has to sign in first: `auth-signin`, with the URL to come back to (ingress-nginx: `buildAuthSignURL`).
import { escapeComponent } from '../../kit/percent-encoding.ts';
import type { SignIn } from '../../model/policies/access.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import { absoluteLocation, redirectAnswer } from '../exchange/redirects.ts';
import { isVisibleText } from '../http1/safe-text.ts';
import type { PolicyVerdict } from './policy.ts';
import { compileTemplate } from './variables.ts';

/** The answer instead of 401; undefined where the expanded URL cannot stand in a field. */
export function compileSignIn({ url, redirectParameter }: SignIn): (request: PolicyRequest) => PolicyVerdict | undefined {
  const expand = compileTemplate(url);
  const separator = url.includes('?') ? '&' : '?';
  return (request) => {
    const back = redirectParameter === undefined ? '' : `${separator}${redirectParameter}=${urlOf(request)}`;
    const location = expand(request) + back;
    if (!isVisibleText(location)) return undefined;
    return redirectAnswer(302, location.startsWith('/') ? absoluteLocation(location, request) : location);
  };
}

/** Only the request target is escaped, as in ingress-nginx. */
function urlOf({ forwarded, hostText, entry }: PolicyRequest): string {
  return `${forwarded.scheme}://${hostText}${escapeComponent(entry.target)}`;
}
