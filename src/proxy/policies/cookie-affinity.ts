// Keeps a client at its endpoint by a cookie `key|backend`, as ingress-nginx's `sticky` balancers do: the key stands for the endpoint, the
// rest for the upstream, main or canary, that gave the cookie.
import { percentEncode } from '../../kit/percent-encoding.ts';
import type { CookieAffinity } from '../../model/policies/cookie-affinity.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { EndpointPicker } from '../upstream/balancer.ts';
import type { UpstreamEndpoint, UpstreamGroup } from '../upstream/upstream-group.ts';

/** The upstream that gave the client its cookie, as the cookie says; undefined: it says nothing. */
export function backendIdInCookie(request: PolicyRequest, affinity: CookieAffinity): string | undefined {
  const value = request.cookieOf(affinity.cookieName);
  const bar = value?.indexOf('|') ?? -1;
  return value === undefined || bar < 0 ? undefined : value.slice(bar + 1);
}

/** Chooses by the cookie of the request, and gives the client a cookie where it has none that can be used. */
export function startAffinity(request: PolicyRequest, group: UpstreamGroup, affinity: CookieAffinity): EndpointPicker {
  const known = findByCookie(request, group, affinity);
  const { changeOnFailure } = affinity;
  // By far the most requests: nothing more is needed of them.
  if (known !== undefined && !changeOnFailure) return () => known;
  const isSameSiteNone = affinity.sameSite === 'None' && affinity.conditionalSameSiteNone;
  const misreadsNone = isSameSiteNone && misreadsSameSiteNone(request.fieldOf('user-agent') ?? '');
  return (tried, nowMs) => {
    if (known !== undefined && tried.length === 0) return known;
    const pick = group.sticky.pickNew(affinity.mode, tried, nowMs);
    if (pick === undefined) return known;
    if (request.route.setsAffinityCookie) {
      request.affinityCookieLine = cookieLine(`${pick.key}|${group.backendId}`, affinity, request, misreadsNone);
    }
    return pick.endpoint;
  };
}

function findByCookie(request: PolicyRequest, group: UpstreamGroup, { cookieName, mode }: CookieAffinity): UpstreamEndpoint | undefined {
  const value = request.cookieOf(cookieName);
  if (value === undefined) return undefined;
  const bar = value.indexOf('|');
  const key = bar < 0 ? value : value.slice(0, bar);
  return key === '' ? undefined : group.sticky.find(key, mode);
}

/** The path of a rule as a value of `Path`. A rule may have any character: one that would end the attribute or the line is escaped. */
export function cookiePathOf(path: string): string {
  return path.replaceAll(/[^\x20-:<-~]/gu, (character) => Array.from(Buffer.from(character, 'utf8'), percentEncode).join(''));
}

/** In the order of lua-resty-cookie. Names and values were checked when the annotations were read. */
function cookieLine(value: string, affinity: CookieAffinity, request: PolicyRequest, misreadsNone: boolean): string {
  const { cookieName, path, domain, expiresSeconds, maxAgeSeconds, secure, sameSite } = affinity;
  const parts = [
    `${cookieName}=${value}`,
    ...(expiresSeconds === undefined ? [] : [`Expires=${formatCookieTime(request.epochMs + expiresSeconds * 1000)}`]),
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    `Path=${path ?? request.route.cookiePath}`,
    ...(secure || request.origin.isTls ? ['Secure'] : []),
    'HttpOnly',
    ...(sameSite === undefined || misreadsNone ? [] : [`SameSite=${sameSite}`]),
  ];
  return `Set-Cookie: ${parts.join('; ')}\r\n`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Old browsers read a year of two digits up to this one right. */
const LAST_SHORT_YEAR = 2037;
/** What a Date can hold. */
const MAX_TIME_MS = 8.64e15;

/** nginx's `ngx_http_cookie_time`: `Sun, 02-Jan-06 15:04:05 GMT`. */
export function formatCookieTime(epochMs: number): string {
  const date = new Date(Math.min(epochMs, MAX_TIME_MS));
  const year = date.getUTCFullYear();
  const two = (number: number): string => String(number).padStart(2, '0');
  const yearText = year > LAST_SHORT_YEAR ? String(year) : two(year % 100);
  const day = `${DAYS[date.getUTCDay()] ?? ''}, ${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()] ?? ''}-${yearText}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`;
}

/** User agents that take `SameSite=None` for `Strict` or refuse the cookie (ingress-nginx: `same_site.lua`). */
export function misreadsSameSiteNone(userAgent: string): boolean {
  if (/Chrome\/[456]|CPU iPhone OS 12|iPad; CPU OS 12/.test(userAgent)) return true;
  return (
    userAgent.includes('Macintosh') &&
    userAgent.includes('Intel Mac OS X 10_14') &&
    userAgent.includes('Safari') &&
    !userAgent.includes('Chrome')
  );
}
