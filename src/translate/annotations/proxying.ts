// How a request is carried to its backend: timeouts, retries, sizes, headers.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { integerBetween, oneOf, parseBool, parseKnownTemplate, secondsBetween, sizeBetween } from '../value-parsers.ts';
import { parseNextUpstream } from './next-upstream.ts';
import { noEffect, supported } from './row.ts';
import type { AnnotationRow } from './row.ts';

const MAX_SECONDS = 31_536_000;
/** A Host header value: name or address and port, nothing that could end the line. */
const HOST_VALUE = /^[A-Za-z0-9._*-]{1,253}(:\d{1,5})?$/;
/** The same with variables, as service meshes ask for: `$service_name.$namespace.svc.cluster.local:$service_port`. */
const HOST_TEMPLATE = /^[A-Za-z0-9._:${}-]{1,253}$/;

const timeouts: readonly AnnotationRow[] = [
  supported({
    name: 'proxy-connect-timeout',
    scope: 'location',
    risk: 'Low',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.proxy.connectTimeoutMs = value;
    },
    summary: 'Seconds to wait for a connection to an endpoint.',
  }),
  supported({
    name: 'proxy-send-timeout',
    scope: 'location',
    risk: 'Low',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.proxy.sendTimeoutMs = value;
    },
    summary: 'Seconds between two writes to the backend.',
  }),
  supported({
    name: 'proxy-read-timeout',
    scope: 'location',
    risk: 'Low',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.proxy.readTimeoutMs = value;
    },
    summary: 'Seconds between two reads from the backend; also the idle limit of WebSockets.',
  }),
];

const retries: readonly AnnotationRow[] = [
  supported({
    name: 'proxy-next-upstream',
    scope: 'location',
    risk: 'Medium',
    parse: parseNextUpstream,
    set: (draft, value) => {
      draft.proxy.nextUpstream = value;
    },
    summary: 'Conditions under which a request is tried on another endpoint.',
  }),
  supported({
    name: 'proxy-next-upstream-timeout',
    scope: 'location',
    risk: 'Low',
    parse: secondsBetween(0, MAX_SECONDS),
    set: (draft, value) => {
      draft.proxy.nextUpstreamTimeoutMs = value;
    },
    summary: 'Seconds for all attempts together; 0: no limit.',
  }),
  supported({
    name: 'proxy-next-upstream-tries',
    scope: 'location',
    risk: 'Low',
    parse: integerBetween(0, 1000),
    set: (draft, value) => {
      draft.proxy.nextUpstreamTries = value;
    },
    summary: 'Attempts in all; 0: one for each endpoint.',
  }),
];

const bodies: readonly AnnotationRow[] = [
  supported({
    name: 'proxy-body-size',
    scope: 'location',
    risk: 'Medium',
    parse: sizeBetween(0, Number.MAX_SAFE_INTEGER),
    set: (draft, value) => {
      draft.proxy.bodySizeBytes = value;
    },
    summary: 'Largest request body; a larger one is answered with 413; 0: no limit.',
  }),
];

const headers: readonly AnnotationRow[] = [
  supported({
    name: 'upstream-vhost',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: parseUpstreamHost,
    set: (draft, value) => {
      draft.upstreamHost = value;
    },
    summary: 'Host header towards the backend, which may have nginx variables; X-Forwarded-Host keeps the requested host.',
  }),
  supported({
    name: 'enable-access-log',
    scope: 'location',
    risk: 'Low',
    parse: parseBool,
    set: (draft, value) => {
      draft.accessLog = value;
    },
    summary: 'Whether requests are written to the access log.',
  }),
  supported({
    name: 'proxy-http-version',
    scope: 'location',
    risk: 'Low',
    parse: oneOf<'1.0' | '1.1'>(['1.0', '1.1']),
    set: (draft, value) => {
      draft.proxy.isHttp10 = value === '1.0';
    },
    summary: '`1.0` or `1.1` towards the backend.',
    differs: 'A request whose length is not known, or that asks for a WebSocket, is sent as HTTP/1.1 all the same.',
  }),
  supported({
    name: 'connection-proxy-header',
    scope: 'location',
    risk: 'Low',
    onInvalid: 'drop',
    parse: oneOf<'close' | 'keep-alive'>(['close', 'keep-alive']),
    set: (draft, value) => {
      draft.proxy.connectionHeader = value;
    },
    summary: '`close` or `keep-alive`: Connection header towards the backend.',
    differs: 'WebSockets keep working: their requests have the Connection header that they need.',
  }),
  noEffect({
    name: 'http2-push-preload',
    scope: 'location',
    risk: 'Low',
    reason: 'browsers have removed server push',
    check: parseBool,
    summary: 'Server push in nginx.',
  }),
];

export const proxyingAnnotations: readonly AnnotationRow[] = [...timeouts, ...retries, ...bodies, ...headers];

function parseUpstreamHost(text: string): Result<string> {
  if (text.includes('$') && HOST_TEMPLATE.test(text)) return parseKnownTemplate(text);
  return HOST_VALUE.test(text) ? ok(text) : fail('is not a host name with an optional port');
}
