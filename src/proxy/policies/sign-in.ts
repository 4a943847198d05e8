// Where a client goes that has to sign in first: `auth-signin`, with the URL to come back to (ingress-nginx: `buildAuthSignURL`).
import { escapeComponent } from '../../kit/escape-component.ts';
import type { SignIn } from '../../model/policies/access.ts';
import { errorPage } from '../exchange/error-page.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { PolicyVerdict } from './policy.ts';
import { compileTemplate } from './variables.ts';

/** The answer instead of 401; undefined where the expanded URL cannot stand in a field. */
export function compileSignIn({ url, redirectParameter }: SignIn): (request: PolicyRequest) => PolicyVerdict | undefined {
  const expand = compileTemplate(url);
  const separator = url.includes('?') ? '&' : '?';
  return (request) => {
    const back = redirectParameter === undefined ? '' : `${separator}${redirectParameter}=${urlOf(request)}`;
    const location = expand(request) + back;
    // Variables bring in what the client has sent.
    if (!/^[\x21-\x7e]+$/.test(location)) return undefined;
    return { kind: 'respond', status: 302, lines: `Content-Type: text/html\r\nLocation: ${location}\r\n`, body: errorPage(302) };
  };
}

/** Only the request target is escaped, as in ingress-nginx. */
function urlOf({ forwarded, hostText, entry }: PolicyRequest): string {
  return `${forwarded.scheme}://${hostText}${escapeComponent(entry.target)}`;
}
