// Keys of TLS, of the redirect to HTTPS and of HSTS.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { commaList, integerBetween, parseBool, textMatching, timeBetweenMs } from '../value-parsers.ts';
import { noEffect, notYet, supported } from './row.ts';
import type { ConfigRow } from './row.ts';

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** ingress-nginx's default for TLS 1.2: forward secrecy with authenticated encryption. */
const CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:' +
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384';

const redirects: readonly ConfigRow[] = [
  supported({
    key: 'ssl-redirect',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.sslRedirect = value;
    },
    summary: 'Default of annotation `ssl-redirect`.',
  }),
  supported({
    key: 'force-ssl-redirect',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.forceSslRedirect = value;
    },
    summary: 'Default of annotation `force-ssl-redirect`.',
  }),
  supported({
    key: 'preserve-trailing-slash',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.preserveTrailingSlash = value;
    },
    summary: 'Default of annotation `preserve-trailing-slash`.',
  }),
  supported({
    key: 'use-port-in-redirects',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.portInRedirects = value;
      draft.settings.usePortInRedirects = value;
    },
    summary: 'Default of annotation `use-port-in-redirects`.',
  }),
  supported({
    key: 'relative-redirects',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.relativeRedirects = value;
    },
    summary: 'Default of annotation `relative-redirects`.',
  }),
  supported({
    key: 'http-redirect-code',
    defaultText: '308',
    parse: parseRedirectCode,
    set: (draft, value) => {
      draft.routing.redirectCode = value;
    },
    summary: 'Status of the redirect to HTTPS: 301, 302, 307 or 308.',
  }),
  supported({
    key: 'no-tls-redirect-locations',
    defaultText: '/.well-known/acme-challenge',
    parse: (text) => ok(commaList(text)),
    set: (draft, value) => {
      draft.routing.noTlsRedirectLocations = [...value];
    },
    summary: 'Rules whose path begins with one of these never redirect to HTTPS.',
  }),
];

const hsts: readonly ConfigRow[] = [
  supported({
    key: 'hsts',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.hsts.enabled = value;
    },
    summary: 'Sends Strict-Transport-Security on every response over TLS.',
  }),
  supported({
    key: 'hsts-max-age',
    defaultText: '31536000',
    parse: integerBetween(0, Number.MAX_SAFE_INTEGER),
    set: (draft, value) => {
      draft.settings.hsts.maxAgeSeconds = value;
    },
    summary: 'Seconds.',
  }),
  supported({
    key: 'hsts-include-subdomains',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.hsts.includeSubdomains = value;
    },
    summary: 'Adds includeSubDomains.',
  }),
  supported({
    key: 'hsts-preload',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.hsts.preload = value;
    },
    summary: 'Adds preload.',
  }),
];

const handshake: readonly ConfigRow[] = [
  supported({
    key: 'ssl-protocols',
    defaultText: 'TLSv1.2 TLSv1.3',
    parse: parseProtocols,
    set: (draft, value) => {
      draft.settings.tls.minVersion = value.min;
      draft.settings.tls.maxVersion = value.max;
    },
    summary: '`TLSv1.2`, `TLSv1.3` or both; older versions are refused.',
    differs: 'TLSv1 and TLSv1.1 are not spoken, whatever is set; nginx can be told to',
  }),
  supported({
    key: 'ssl-ciphers',
    defaultText: CIPHERS,
    parse: textMatching(/^[A-Za-z0-9:+!@=_.-]{1,4096}$/, 'an OpenSSL cipher list'),
    set: (draft, value) => {
      draft.settings.tls.ciphers = value;
    },
    summary: 'OpenSSL cipher list of TLS 1.2.',
  }),
  supported({
    key: 'ssl-ecdh-curve',
    defaultText: 'auto',
    parse: textMatching(/^[A-Za-z0-9:_-]{1,256}$/, 'a list of curves'),
    set: (draft, value) => {
      draft.settings.tls.ecdhCurve = value;
    },
    summary: 'Curves of the key exchange, separated by colons; `auto`: those of OpenSSL.',
  }),
  supported({
    key: 'ssl-session-tickets',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.hasSessionTickets = value;
    },
    summary: 'Whether TLS sessions may be resumed from tickets, with the key of `ssl-session-ticket-key` where there is one.',
    differs: 'without it, sessions are resumed from tickets too, in the place of the session cache; see `ssl-session-cache`',
  }),
  supported({
    key: 'ssl-session-cache',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.hasSessionCache = value;
    },
    summary: 'Whether TLS sessions may be resumed without `ssl-session-tickets`.',
    differs: 'nothing is kept at the server: the session is in a ticket, sealed with a random key that only this process has',
  }),
  supported({
    key: 'ssl-session-ticket-key',
    defaultText: '',
    parse: parseTicketKey,
    set: (draft, value) => {
      draft.pending.ticketKey = value;
    },
    summary: 'Base64 of the 48 or 80 bytes that session tickets are sealed with, shared by replicas; used with `ssl-session-tickets`.',
    differs: 'a key of 80 bytes, which is for AES-256 in nginx, is digested to one for AES-128',
  }),
  supported({
    key: 'ssl-session-timeout',
    defaultText: '10m',
    parse: timeBetweenMs(1000, 86_400_000),
    set: (draft, value) => {
      draft.settings.tls.sessionTimeoutSeconds = Math.floor(value / 1000);
    },
    summary: 'How long a TLS session may be resumed.',
  }),
  supported({
    key: 'ssl-reject-handshake',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.tls.rejectUnknownHosts = value;
    },
    summary: 'Refuses TLS handshakes for hosts that no object names, and those without a server name.',
  }),
  supported({
    key: 'proxy-ssl-location-only',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.proxySslLocationOnly = value;
    },
    summary: 'Keeps `proxy-ssl-*` annotations to the paths of their own Ingress instead of all of the host.',
  }),
];

export const tlsKeys: readonly ConfigRow[] = [
  ...redirects,
  ...hsts,
  ...handshake,
  ...notYet(
    'serve',
    [
      ['use-http2', 'true', 'HTTP/2 on the HTTPS port.'],
      ['http2-max-concurrent-streams', '128', 'Concurrent streams of an HTTP/2 connection.'],
    ],
    'HTTP/2 is not spoken to clients yet',
  ),
  ...noEffect('sessions are in tickets that clients keep, not in a cache', [
    ['ssl-session-cache-size', '10m', 'Size of the session cache.'],
  ]),
  ...noEffect('OCSP responses are not fetched, and certificate authorities are giving OCSP up', [
    ['enable-ocsp', 'false', 'OCSP stapling.'],
  ]),
  ...noEffect('the TLS library chooses it', [
    ['ssl-dh-param', '', 'Secret with Diffie-Hellman parameters.'],
    ['ssl-buffer-size', '4k', 'Size of TLS records.'],
  ]),
  ...noEffect('early data can be replayed and is never accepted', [['ssl-early-data', 'false', 'TLS 1.3 early data.']]),
  ...noEffect('nginx has given it up too', [
    ['http2-max-field-size', '', 'Obsolete in nginx.'],
    ['http2-max-header-size', '', 'Obsolete in nginx.'],
    ['http2-max-requests', '', 'Obsolete in nginx.'],
  ]),
];

function parseProtocols(text: string): Result<{ readonly min: TlsVersion; readonly max: TlsVersion }> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const has12 = words.includes('TLSv1.2');
  const has13 = words.includes('TLSv1.3');
  const unknown = words.find((word) => word !== 'TLSv1.2' && word !== 'TLSv1.3');
  if (unknown !== undefined) return fail(`names ${JSON.stringify(unknown)}; only TLSv1.2 and TLSv1.3 are spoken`);
  if (!has12 && !has13) return fail('names no version');
  return ok({ min: has12 ? 'TLSv1.2' : 'TLSv1.3', max: has13 ? 'TLSv1.3' : 'TLSv1.2' });
}

function parseTicketKey(text: string): Result<string> {
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  return bytes?.length === 48 || bytes?.length === 80 ? ok(text) : fail('is not the base64 of 48 or 80 bytes');
}

function parseRedirectCode(text: string): Result<301 | 302 | 307 | 308> {
  switch (text) {
    case '301':
      return ok(301);
    case '302':
      return ok(302);
    case '307':
      return ok(307);
    case '308':
      return ok(308);
    default:
      return fail('is not 301, 302, 307 or 308');
  }
}
