// Keys of the way to backends: defaults of the proxy-* annotations, pools of connections.
import { parseBufferBytes, parseBufferCount, parseFileBytes, parseSwitch } from '../annotations/buffering.ts';
import { parseStatuses } from '../annotations/error-pages.ts';
import { parseAlgorithm } from '../annotations/load-balancing.ts';
import { parseNextUpstream } from '../annotations/next-upstream.ts';
import { parseCookieRule, parseRedirectText } from '../annotations/response-rewrite.ts';
import { parseKibibytes } from '../annotations/rate-limits.ts';
import { integerBetween, oneOf, parseBool, parseKnownTemplate, secondsBetween, sizeBetween, timeBetweenMs } from '../value-parsers.ts';
import { noEffect, notYet, supported } from './row.ts';
import type { ConfigRow } from './row.ts';

const MAX_SECONDS = 31_536_000;
const parseBoundBytes = sizeBetween(0, 1024 ** 4);

const proxy: readonly ConfigRow[] = [
  supported({
    key: 'proxy-connect-timeout',
    defaultText: '5',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.proxy.connectTimeoutMs = value;
    },
    summary: 'Seconds to wait for a connection to an endpoint.',
  }),
  supported({
    key: 'proxy-read-timeout',
    defaultText: '60',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.proxy.readTimeoutMs = value;
    },
    summary: 'Seconds between two reads from the backend.',
  }),
  supported({
    key: 'proxy-send-timeout',
    defaultText: '60',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.proxy.sendTimeoutMs = value;
    },
    summary: 'Seconds between two writes to the backend.',
  }),
  supported({
    key: 'proxy-body-size',
    defaultText: '1m',
    parse: sizeBetween(0, Number.MAX_SAFE_INTEGER),
    set: (draft, value) => {
      draft.settings.proxy.bodySizeBytes = value;
    },
    summary: 'Largest request body; 0: no limit.',
  }),
  supported({
    key: 'proxy-next-upstream',
    defaultText: 'error timeout',
    parse: parseNextUpstream,
    set: (draft, value) => {
      draft.pending.nextUpstream = value;
    },
    summary: 'Conditions under which a request is tried on another endpoint.',
  }),
  supported({
    key: 'proxy-next-upstream-timeout',
    defaultText: '0',
    parse: secondsBetween(0, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.proxy.nextUpstreamTimeoutMs = value;
    },
    summary: 'Seconds for all attempts together; 0: no limit.',
  }),
  supported({
    key: 'proxy-next-upstream-tries',
    defaultText: '3',
    parse: integerBetween(0, 1000),
    set: (draft, value) => {
      draft.settings.proxy.nextUpstreamTries = value;
    },
    summary: 'Attempts in all; 0: one for each endpoint.',
  }),
  supported({
    key: 'retry-non-idempotent',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.retryNonIdempotent = value;
    },
    summary: 'Repeats POST, LOCK and PATCH too.',
  }),
  supported({
    key: 'proxy-http-version',
    defaultText: '1.1',
    parse: oneOf<'1.0' | '1.1'>(['1.0', '1.1']),
    set: (draft, value) => {
      if (value === '1.0') draft.settings.proxy.isHttp10 = true;
    },
    summary: 'HTTP version towards backends.',
    differs: 'a request whose length is not known, or that asks for a WebSocket, is sent as HTTP/1.1 all the same',
  }),
  supported({
    key: 'load-balance',
    defaultText: 'round_robin',
    parse: parseAlgorithm,
    set: (draft, value) => {
      draft.routing.loadBalance = value;
    },
    summary: 'Default of annotation `load-balance`.',
  }),
  supported({
    key: 'service-upstream',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.serviceUpstream = value;
    },
    summary: 'Default of annotation `service-upstream`.',
  }),
];

const pools: readonly ConfigRow[] = [
  supported({
    key: 'upstream-keepalive-connections',
    defaultText: '320',
    parse: integerBetween(0, 1_000_000),
    set: (draft, value) => {
      draft.settings.upstreamKeepalive.connections = value;
    },
    summary: 'Idle connections kept for each worker and upstream; 0: none.',
    differs:
      'for each worker and Service port: 320 x the number of Service ports at most; in ingress-nginx 320 for each worker, over ' +
      'all backends',
  }),
  supported({
    key: 'upstream-keepalive-time',
    defaultText: '1h',
    parse: timeBetweenMs(1000, MAX_SECONDS * 1000),
    set: (draft, value) => {
      draft.settings.upstreamKeepalive.lifetimeMs = value;
    },
    summary: 'A connection that is older is not used again.',
  }),
  supported({
    key: 'upstream-keepalive-timeout',
    defaultText: '60',
    parse: secondsBetween(0, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.upstreamKeepalive.idleTimeoutMs = value;
    },
    summary: 'Seconds that an idle connection is kept.',
  }),
  supported({
    key: 'upstream-keepalive-requests',
    defaultText: '10000',
    parse: integerBetween(1, 1_000_000_000),
    set: (draft, value) => {
      draft.settings.upstreamKeepalive.requests = value;
    },
    summary: 'Requests for each connection.',
  }),
];

const rewrites: readonly ConfigRow[] = [
  supported({
    key: 'proxy-cookie-domain',
    defaultText: 'off',
    parse: parseCookieRule,
    set: (draft, value) => {
      draft.routing.cookieDomain = value;
    },
    summary: 'Default of annotation `proxy-cookie-domain`.',
    differs: 'only literal text is rewritten; nginx also takes regular expressions and variables',
  }),
  supported({
    key: 'proxy-cookie-path',
    defaultText: 'off',
    parse: parseCookieRule,
    set: (draft, value) => {
      draft.routing.cookiePath = value;
    },
    summary: 'Default of annotation `proxy-cookie-path`.',
    differs: 'only literal text is rewritten; nginx also takes regular expressions and variables',
  }),
  supported({
    key: 'proxy-redirect-from',
    defaultText: 'off',
    parse: parseRedirectText,
    set: (draft, value) => {
      draft.routing.redirectFrom = value;
    },
    summary: 'Default of annotation `proxy-redirect-from`.',
    differs: 'only literal text is rewritten; nginx also takes regular expressions and variables',
  }),
  supported({
    key: 'proxy-redirect-to',
    defaultText: 'off',
    parse: parseRedirectText,
    set: (draft, value) => {
      draft.routing.redirectTo = value;
    },
    summary: 'Default of annotation `proxy-redirect-to`.',
    differs: 'only literal text is rewritten; nginx also takes regular expressions and variables',
  }),
];

const errorPages: readonly ConfigRow[] = [
  supported({
    key: 'custom-http-errors',
    defaultText: '',
    parse: parseStatuses(300),
    set: (draft, value) => {
      draft.routing.customHttpErrors = [...value];
    },
    summary: 'Statuses that the default backend of the controller answers instead.',
    differs:
      'a request body above 64 KiB that was passed on as it came (`proxy-request-buffering: off`) is not sent to the default backend again',
  }),
  supported({
    key: 'disable-proxy-intercept-errors',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.routing.passesBackendErrors = value;
    },
    summary: 'Leaves answers of backends alone where `custom-http-errors` is set.',
  }),
];

const limits: readonly ConfigRow[] = [
  supported({
    key: 'limit-rate',
    defaultText: '0',
    parse: parseKibibytes,
    set: (draft, value) => {
      draft.routing.limitRate = value;
    },
    summary: 'Default of annotation `limit-rate`, KiB a second.',
    differs: 'works with and without `proxy-buffering`',
  }),
  supported({
    key: 'limit-rate-after',
    defaultText: '0',
    parse: parseKibibytes,
    set: (draft, value) => {
      draft.routing.limitRateAfter = value;
    },
    summary: 'Default of annotation `limit-rate-after`, KiB.',
  }),
  supported({
    key: 'limit-req-status-code',
    defaultText: '503',
    parse: integerBetween(400, 599),
    set: (draft, value) => {
      draft.settings.limits.requestStatus = value;
    },
    summary: 'Status of requests above a rate.',
  }),
  supported({
    key: 'limit-conn-status-code',
    defaultText: '503',
    parse: integerBetween(400, 599),
    set: (draft, value) => {
      draft.settings.limits.connectionStatus = value;
    },
    summary: 'Status of requests above a number of connections.',
  }),
  supported({
    key: 'limit-conn-zone-variable',
    defaultText: '$binary_remote_addr',
    parse: parseKnownTemplate,
    set: (draft, value) => {
      draft.settings.limits.clientKey = value;
    },
    summary:
      'What all limits of annotations tell clients apart by: text with nginx variables. Requests for which it is empty have no limits.',
  }),
];

const buffers: readonly ConfigRow[] = [
  supported({
    key: 'proxy-request-buffering',
    defaultText: 'off',
    parse: parseSwitch,
    set: (draft, value) => {
      draft.routing.buffering.buffersRequests = value === 'on';
    },
    summary: 'Default of annotation `proxy-request-buffering`.',
    differs: 'not set, bodies are passed on as they come; in ingress-nginx they are taken as a whole first',
  }),
  supported({
    key: 'client-body-buffer-size',
    defaultText: '8k',
    parse: parseBufferBytes,
    set: (draft, value) => {
      draft.routing.buffering.memoryBytes = value;
    },
    summary: 'Default of annotation `client-body-buffer-size`.',
  }),
  supported({
    key: 'proxy-buffering',
    defaultText: 'off',
    parse: parseSwitch,
    set: (draft, value) => {
      draft.routing.buffering.buffersResponses = value === 'on';
    },
    summary: 'Default of annotation `proxy-buffering`.',
  }),
  supported({
    key: 'proxy-buffers-number',
    defaultText: '4',
    parse: parseBufferCount,
    set: (draft, value) => {
      draft.routing.buffering.bufferCount = value;
    },
    summary: 'Default of annotation `proxy-buffers-number`.',
  }),
  supported({
    key: 'proxy-buffer-size',
    defaultText: '',
    parse: parseBufferBytes,
    set: (draft, value) => {
      draft.routing.buffering.bufferBytes = value;
    },
    summary: 'Default of annotation `proxy-buffer-size`.',
    differs: 'not set, a head of a response may have 64 KiB; 4 KiB in ingress-nginx. Other buffers count with 4 KiB',
  }),
  supported({
    key: 'portico-buffer-memory',
    defaultText: '64m',
    parse: parseBoundBytes,
    set: (draft, value) => {
      draft.settings.bufferBounds.memoryBytes = value;
    },
    summary:
      'Memory that all bodies kept by one worker may take together (`proxy-request-buffering`, `proxy-buffering`, `mirror-target`); what is ' +
      'beyond it goes to temporary files.',
  }),
  supported({
    key: 'portico-buffer-disk',
    defaultText: '1g',
    parse: parseBoundBytes,
    set: (draft, value) => {
      draft.settings.bufferBounds.fileBytes = value;
    },
    summary: 'What the temporary files of one worker may take together; beyond it, bodies are passed on as they come. 0: no files.',
  }),
  supported({
    key: 'proxy-max-temp-file-size',
    defaultText: '1024m',
    parse: parseFileBytes,
    set: (draft, value) => {
      draft.routing.buffering.fileBytes = value;
    },
    summary: 'Default of annotation `proxy-max-temp-file-size`.',
  }),
];

export const proxyKeys: readonly ConfigRow[] = [
  ...proxy,
  ...pools,
  ...rewrites,
  ...errorPages,
  ...limits,
  ...buffers,
  ...notYet('serve', []),
  ...noEffect('what waits to be sent is bounded by the sockets', [
    ['proxy-busy-buffers-size', '', 'Busy response buffers in nginx.'],
    ['grpc-buffer-size-kb', '0', 'Buffer of gRPC responses in nginx.'],
  ]),
  ...noEffect('a response without Content-Type is passed on as it is', [
    ['default-type', 'text/html', 'Content-Type of answers that have none.'],
  ]),
  ...noEffect('ingress-nginx does not use it either; the annotation does', [
    ['upstream-hash-by', '', 'Unused.'],
    ['upstream-hash-by-subset', 'false', 'Unused.'],
    ['upstream-hash-by-subset-size', '3', 'Unused.'],
  ]),
];
