// Redirects that Portico makes itself: where they lead to (ingress-nginx reference 1.3 and 2.2), and the answer that says so.
import type { TlsRedirect } from '../../model/route.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import { errorPage } from './error-page.ts';
import type { ClientOrigin, ForwardedRequest } from './forwarded-fields.ts';

export interface RedirectAnswer {
  readonly kind: 'respond';
  readonly status: number;
  readonly lines: string;
  readonly body: string;
}

/** `location`: checked, or made of what was. */
export function redirectAnswer(status: number, location: string): RedirectAnswer {
  return { kind: 'respond', status, lines: `Content-Type: text/html\r\nLocation: ${location}\r\n`, body: errorPage(status) };
}

/** The same URL over TLS: without port, and without one trailing slash unless that is to be kept. */
export function redirectToTls(policy: TlsRedirect, target: string, host: string): string {
  const port = policy.port === null ? '' : `:${policy.port}`;
  // `OPTIONS *` asks about the whole server.
  const path = target === '*' ? '/' : target;
  const isCut = !policy.preserveTrailingSlash && path.endsWith('/');
  return `https://${withoutPort(host)}${port}${isCut ? path.slice(0, -1) : path}`;
}

export interface SlashRedirectRequest {
  readonly route: ProxyRoute;
  readonly hostName: string;
  readonly forwarded: ForwardedRequest;
  readonly origin: ClientOrigin;
}

/** The same path with a slash: absolute unless `relative-redirects`, with the listener's port only if `use-port-in-redirects`. */
export function redirectToSlash(location: string, target: string, { route, hostName, forwarded, origin }: SlashRedirectRequest): string {
  const mark = target.indexOf('?');
  return absoluteLocation(mark < 0 ? location : location + target.slice(mark), { route, hostName, forwarded, origin });
}

/** A path as the Location of a redirect that Portico makes itself. */
export function absoluteLocation(path: string, { route, hostName, forwarded, origin }: SlashRedirectRequest): string {
  if (route.relativeRedirects) return path;
  const port = route.portInRedirects ? `:${origin.localPort}` : '';
  return `${redirectScheme(forwarded, origin)}://${hostName}${port}${path}`;
}

/** That of the client's request as far as it is a scheme of HTTP: X-Forwarded-Proto may hold anything. */
export function redirectScheme({ scheme }: ForwardedRequest, { isTls }: ClientOrigin): string {
  if (scheme === 'http' || scheme === 'https') return scheme;
  return isTls ? 'https' : 'http';
}

function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon < 0 || host.endsWith(']') ? host : host.slice(0, colon);
}
