// Keys of the client's address and of forwarding headers.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { parseCidrSet } from '../../kit/cidr.ts';
import { commaList, parseBool, parseObjectName, textMatching } from '../value-parsers.ts';
import { noEffect, supported } from './row.ts';
import type { ConfigRow } from './row.ts';

const parseHeaderName = textMatching(/^[A-Za-z0-9-]{1,128}$/, 'a header name');

export const forwardingKeys: readonly ConfigRow[] = [
  supported({
    key: 'use-forwarded-headers',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.forwarded.useForwardedHeaders = value;
    },
    summary: 'Trusts X-Forwarded-For, -Proto, -Port and -Host of the peers in `proxy-real-ip-cidr`.',
  }),
  supported({
    key: 'enable-real-ip',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.forwarded.enableRealIp = value;
    },
    summary: 'Takes only the address of the client from the forwarded-for header.',
  }),
  supported({
    key: 'use-proxy-protocol',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.forwarded.useProxyProtocol = value;
    },
    summary: 'Every connection must begin with a PROXY protocol header.',
  }),
  supported({
    key: 'proxy-real-ip-cidr',
    defaultText: '0.0.0.0/0',
    parse: parseCidrs,
    set: (draft, value) => {
      draft.settings.forwarded.trustedCidrs = [...value];
    },
    summary: 'Trusted proxies.',
  }),
  supported({
    key: 'forwarded-for-header',
    defaultText: 'X-Forwarded-For',
    parse: parseHeaderName,
    set: (draft, value) => {
      draft.settings.forwarded.forHeader = value;
    },
    summary: 'Header with the chain of addresses.',
  }),
  supported({
    key: 'forwarded-host-header',
    defaultText: 'X-Forwarded-Host',
    parse: parseHeaderName,
    set: (draft, value) => {
      draft.settings.forwarded.hostHeader = value;
    },
    summary: 'Header with the requested host.',
  }),
  supported({
    key: 'forwarded-for-proxy-protocol-header',
    defaultText: 'X-Forwarded-For-Proxy-Protocol',
    parse: parseHeaderName,
    set: (draft, value) => {
      draft.settings.forwarded.forProxyProtocolHeader = value;
    },
    summary: 'Header with the address of the PROXY protocol.',
  }),
  supported({
    key: 'compute-full-forwarded-for',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.forwarded.computeFullForwardedFor = value;
    },
    summary: 'Appends to X-Forwarded-For instead of replacing it; only with `use-forwarded-headers`.',
  }),
  supported({
    key: 'proxy-add-original-uri-header',
    defaultText: 'false',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.forwarded.addOriginalUriHeader = value;
    },
    summary: 'Sends X-Original-URI to backends.',
  }),
  supported({
    key: 'generate-request-id',
    defaultText: 'true',
    parse: parseBool,
    set: (draft, value) => {
      draft.settings.forwarded.generateRequestId = value;
    },
    summary: 'Makes a request id where the client sent no X-Request-ID.',
  }),
  supported({
    key: 'proxy-set-headers',
    defaultText: '',
    parse: parseObjectName,
    set: (draft, value) => {
      draft.routing.headerMaps.proxySetHeaders = value;
    },
    summary: 'ConfigMap `namespace/name` with headers towards backends; values may use nginx variables.',
  }),
  supported({
    key: 'add-headers',
    defaultText: '',
    parse: parseObjectName,
    set: (draft, value) => {
      draft.routing.headerMaps.addHeaders = value;
    },
    summary: 'ConfigMap `namespace/name` with headers towards clients, on every response; values may use nginx variables.',
  }),
  ...noEffect('the time for a request head includes the PROXY protocol header', [
    ['proxy-protocol-header-timeout', '5s', 'Time for the PROXY protocol header.'],
  ]),
];

function parseCidrs(text: string): Result<readonly string[]> {
  const cidrs = commaList(text);
  const set = parseCidrSet(cidrs);
  return set.ok ? ok(cidrs) : fail(`has the item ${JSON.stringify(set.error.text)}, which is no address or CIDR`);
}
