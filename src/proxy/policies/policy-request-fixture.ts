// A request as policies see it, made of the text of a head, for tests.
import type { ClientOrigin, ForwardedRequest } from '../exchange/forwarded-fields.ts';
import { ExchangeEntry } from '../exchange/exchange-entry.ts';
import { PolicyRequest, type PolicyRequestParts } from '../exchange/policy-request.ts';
import { parseRequestHead } from '../http1/head-parser.ts';
import { MessageHead } from '../http1/message-head.ts';
import type { ProxyRoute } from '../proxy-route.ts';

const LIMITS = { requestLineBytes: 65_536, headBytes: 65_536, fieldBytes: 65_536, fields: 128 };

export interface RequestFixture {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  /** `Name: value` each. */
  readonly fields?: readonly string[];
  readonly clientAddress?: string;
  readonly origin?: Partial<ClientOrigin>;
  /** On the worker's clock. */
  readonly nowMs?: number;
  /** Normalised; the target unless set. */
  readonly path?: string;
  readonly route?: Partial<ProxyRoute>;
  readonly forwarded?: Partial<ForwardedRequest>;
  /** `use-forwarded-headers`. */
  readonly useForwardedHeaders?: boolean;
}

export function policyRequest(fixture: RequestFixture = {}): PolicyRequest {
  const {
    method = 'GET',
    target = '/',
    host = 'shop.example',
    fields = [],
    clientAddress = '127.0.0.1',
    nowMs = performance.now(),
  } = fixture;
  const { path = target, route = {}, useForwardedHeaders = false } = fixture;
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''];
  const bytes = Buffer.from(lines.join('\r\n'), 'latin1');
  const head = new MessageHead();
  const end = parseRequestHead(bytes, 0, bytes.length, LIMITS, head);
  if (end !== bytes.length) throw new Error(`the head is not accepted: ${head.error}`);
  const entry = new ExchangeEntry();
  entry.method = method;
  entry.target = target;
  entry.clientAddress = clientAddress;
  const isTls = fixture.origin?.isTls ?? false;
  const origin = {
    address: clientAddress,
    port: 5000,
    peerAddress: clientAddress,
    isTls,
    localPort: 80,
    isFromProxyHeader: false,
    ...fixture.origin,
  };
  const forwarded = { clientAddress, scheme: isTls ? 'https' : 'http', port: '80', host, ...fixture.forwarded };
  const context = { nowMs, accessLog: { isEnabled: false }, settings: { forwarded: { useForwardedHeaders } } };
  const matched = { route, forwarded, hostText: host, hostName: host, path, target: undefined };
  const parts = { context, head, matched, entry, client: { origin }, rewritten: undefined };
  return new PolicyRequest(parts as unknown as PolicyRequestParts);
}
