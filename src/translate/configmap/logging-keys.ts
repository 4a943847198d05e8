// Keys of logs and of what else there is around the traffic.
import { commaList, parseAddressList, parseBool, textMatching } from '../value-parsers.ts';
import { ok } from '../../kit/result.ts';
import { NO_STREAMS, noEffect, notYet, supported } from './row.ts';
import type { ConfigDraft, ConfigRow } from './row.ts';

/** ingress-nginx's default (reference: its documentation, "Log format"). */
const LOG_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  '$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr ' +
  '$upstream_response_length $upstream_response_time $upstream_status $req_id';

const accessLog: readonly ConfigRow[] = [
  supported({
    key: 'disable-access-log',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.isAccessLogDisabled = value;
    },
    summary: 'No access log at all.',
  }),
  supported({
    key: 'disable-http-access-log',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.isHttpAccessLogDisabled = value;
    },
    summary: 'No access log of HTTP requests.',
  }),
  supported({
    key: 'enable-access-log-for-default-backend',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.log.defaultBackend = value;
    },
    summary: 'Logs requests that the default backend answers.',
  }),
  supported({
    key: 'enable-auth-access-log',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.logsAuthRequests = value;
    },
    summary: 'Logs requests to authentication services too: lines about the client’s request with their own status, upstream and times.',
  }),
  supported({
    key: 'skip-access-log-urls',
    defaultText: '',
    parse: (text) => ok(commaList(text)),
    set: (draft, value) => {
      draft.settings.log.skipUrls = [...value];
    },
    summary: 'Request targets that are not logged.',
  }),
  supported({
    key: 'log-format-upstream',
    defaultText: LOG_FORMAT,
    parse: textMatching(/^[^\0]{1,8192}$/s, 'a log format of at most 8192 characters'),
    set: (draft, value) => {
      draft.settings.log.textFormat = value;
    },
    summary: 'Format of the access log with nginx variables; used unless --log-format=json.',
  }),
  supported({
    key: 'log-format-escape-json',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.isLogEscapedAsJson = value;
    },
    summary: 'Escapes values as in JSON strings.',
  }),
  supported({
    key: 'log-format-escape-none',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.pending.isLogUnescaped = value;
    },
    summary: 'Writes values as they are; wins over `log-format-escape-json`.',
  }),
];

const statusPage: readonly ConfigRow[] = [
  statusKey('nginx-status-ipv4-whitelist', '127.0.0.1', (draft, value) => {
    draft.pending.statusAddressesIpv4 = value;
  }),
  statusKey('nginx-status-ipv6-whitelist', '::1', (draft, value) => {
    draft.pending.statusAddressesIpv6 = value;
  }),
];

export const loggingKeys: readonly ConfigRow[] = [
  ...accessLog,
  ...statusPage,
  ...noEffect('the access log is written to standard output, where the cluster collects it', [
    ['access-log-path', '/var/log/nginx/access.log', 'File of the access log.'],
    ['http-access-log-path', '', 'File of the HTTP access log.'],
    ['stream-access-log-path', '', 'File of the stream access log.'],
    ['access-log-params', '', 'Parameters of nginx for the log.'],
    ['enable-syslog', 'false', 'Writes to syslog.'],
    ['syslog-host', '', 'Host of syslog.'],
    ['syslog-port', '514', 'Port of syslog.'],
  ]),
  ...noEffect('the log of the controller goes to standard error, and flag `-v` is its level', [
    ['error-log-path', '/var/log/nginx/error.log', 'File of the error log.'],
    ['error-log-level', 'notice', 'Level of the error log.'],
  ]),
  ...notYet(
    'serve',
    [
      ['disable-stream-access-log', 'false', 'No access log of TCP and UDP services.'],
      [
        'log-format-stream',
        '[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time',
        'Format of the stream access log.',
      ],
    ],
    NO_STREAMS,
  ),
];

function statusKey(key: string, defaultText: string, set: (draft: ConfigDraft, value: readonly string[]) => void): ConfigRow {
  const summary = 'Addresses and CIDRs that may read `/nginx_status` of hosts that no rule names: the page of nginx’s stub_status.';
  return supported({ key, defaultText, parse: (text) => (text === '' ? ok([]) : parseAddressList(text)), set, summary });
}
