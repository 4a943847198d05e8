// Keys of the client's side: timeouts, keep-alive, sizes of heads, connections, drain.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { integerBetween, parseBool, secondsBetween, sizeBetween, timeBetweenMs } from '../value-parsers.ts';
import { parseBindAddresses } from './listen-hosts.ts';
import { NO_STREAMS, noEffect, notYet, supported } from './row.ts';
import type { ConfigRow } from './row.ts';

const MAX_SECONDS = 31_536_000;
const parseBufferSize = sizeBetween(1024, 1024 * 1024);
const parseBufferCount = integerBetween(1, 64);

const listening: readonly ConfigRow[] = [
  supported({
    key: 'bind-address',
    defaultText: '',
    parse: parseBindAddresses,
    set: (draft, value) => {
      draft.pending.bindAddresses = value;
    },
    summary:
      'Addresses that the HTTP and HTTPS ports are opened on. A family of which none is named is listened to on all addresses: `disable-ipv6` ' +
      'goes with addresses of IPv4. Flag `--bind` goes before it.',
    differs: 'an address that this machine does not have is a line of the log, and the others serve; nginx does not start',
  }),
  supported({
    key: 'disable-ipv6',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.isIpv6Disabled = value;
    },
    summary: 'Opens the HTTP and HTTPS ports on IPv4 only.',
  }),
];

export const clientKeys: readonly ConfigRow[] = [
  ...listening,
  supported({
    key: 'client-header-timeout',
    defaultText: '60',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.client.headerTimeoutMs = value;
    },
    summary: 'Seconds from the first byte of a request head to its end.',
  }),
  supported({
    key: 'client-body-timeout',
    defaultText: '60',
    parse: secondsBetween(1, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.client.bodyTimeoutMs = value;
    },
    summary: 'Seconds between two reads of a request body.',
    differs: 'a body must also come with 500 bytes a second, averaged over 30 seconds, or is answered with 408; nginx has no such bound',
  }),
  supported({
    key: 'client-header-buffer-size',
    defaultText: '',
    parse: parseBufferSize,
    set: (draft, value) => {
      draft.pending.headerBufferBytes = value;
    },
    summary: 'With `large-client-header-buffers`: largest request line and field; neither set: 16 KiB and 32 KiB.',
    differs:
      'where neither this nor `large-client-header-buffers` is set, a request line may have 16 KiB, a field 32 KiB and a head ' +
      '64 KiB; in ingress-nginx (1k and 4 8k) a line or field 8 KiB and a head 33 KiB',
  }),
  supported({
    key: 'large-client-header-buffers',
    defaultText: '',
    parse: parseBuffers,
    set: (draft, value) => {
      draft.pending.largeHeaderBuffers = value;
    },
    summary: '`4 8k`: largest request line and field 8 KiB, head in all 4 times that and one `client-header-buffer-size`.',
    differs:
      '`4 8k` and a `client-header-buffer-size` of 1k allow 4 x 8 + 1 = 33 KiB for the head, as there; a head or field that is larger gets ' +
      '431 (RFC 6585), in ingress-nginx 400; for the default see `client-header-buffer-size`',
  }),
  supported({
    key: 'keep-alive',
    defaultText: '75',
    parse: secondsBetween(0, MAX_SECONDS),
    set: (draft, value) => {
      draft.settings.client.keepAliveMs = value;
    },
    summary: 'Seconds that an idle connection is kept; 0: one request for each connection.',
  }),
  supported({
    key: 'keep-alive-requests',
    defaultText: '1000',
    parse: integerBetween(1, 1_000_000_000),
    set: (draft, value) => {
      draft.settings.client.keepAliveRequests = value;
    },
    summary: 'Requests for each connection.',
  }),
  supported({
    key: 'max-worker-connections',
    defaultText: '16384',
    parse: integerBetween(1, 1_000_000),
    set: (draft, value) => {
      draft.pending.connectionsPerWorker = value;
    },
    summary: 'Client connections for each worker.',
    differs:
      'connections of clients only, counted over all workers: with 2 workers 2 x 16384 = 32768. In nginx connections to ' +
      'backends count too, so that a worker carries about 16384 / 2 = 8192 requests at once',
  }),
  supported({
    key: 'worker-shutdown-timeout',
    defaultText: '240s',
    parse: timeBetweenMs(0, 86_400_000),
    set: (draft, value) => {
      draft.settings.client.drainMs = value;
    },
    summary: 'How long requests and WebSockets may live after shutdown began.',
  }),
  ...notYet(
    'serve',
    [
      ['proxy-stream-timeout', '600s', 'Idle time of TCP and UDP services.'],
      ['proxy-stream-next-upstream', 'true', 'Whether TCP services try another endpoint.'],
      ['proxy-stream-next-upstream-timeout', '600s', 'Time for all attempts.'],
      ['proxy-stream-next-upstream-tries', '3', 'Attempts in all.'],
      ['proxy-stream-responses', '1', 'Datagrams of an answer.'],
    ],
    NO_STREAMS,
  ),
  supported({
    key: 'disable-ipv6-dns',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.resolvesIpv4Only = value;
    },
    summary: 'Uses only the IPv4 addresses of names: of ExternalName Services, of authentication services and mirrors.',
  }),
  ...noEffect('it tunes the processes of nginx', [
    ['worker-processes', '', 'Processes; here flag --workers.'],
    ['worker-cpu-affinity', '', 'Binds processes to cores.'],
    ['enable-serial-reloads', 'false', 'Waits between reloads.'],
    ['max-worker-open-files', '0', 'Open files of a process.'],
    ['enable-multi-accept', 'true', 'Accepts several connections at once.'],
    ['reuse-port', 'true', 'A listening socket for each process.'],
    ['enable-aio-write', 'true', 'Writes files asynchronously.'],
    ['debug-connections', '', 'Debug log for some addresses.'],
  ]),
  ...noEffect('tables grow by themselves', [
    ['map-hash-bucket-size', '64', 'Hash table of nginx.'],
    ['server-name-hash-max-size', '1024', 'Hash table of nginx.'],
    ['server-name-hash-bucket-size', '', 'Hash table of nginx.'],
    ['proxy-headers-hash-max-size', '512', 'Hash table of nginx.'],
    ['proxy-headers-hash-bucket-size', '64', 'Hash table of nginx.'],
    ['variables-hash-bucket-size', '256', 'Hash table of nginx.'],
    ['variables-hash-max-size', '2048', 'Hash table of nginx.'],
    ['lua-shared-dicts', '', 'Shared memory of Lua.'],
  ]),
];

function parseBuffers(text: string): Result<{ readonly count: number; readonly bytes: number }> {
  const [countText = '', sizeText = '', ...rest] = text.split(/\s+/);
  const count = parseBufferCount(countText);
  const bytes = parseBufferSize(sizeText);
  return count.ok && bytes.ok && rest.length === 0
    ? ok({ count: count.value, bytes: bytes.value })
    : fail('is not a number (1 to 64) and a size (1k to 1m) such as "4 8k"');
}
