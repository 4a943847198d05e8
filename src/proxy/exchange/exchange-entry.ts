// The record of the exchange under way on one connection: filled as the exchange proceeds, handed to metrics and log when it ends.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { RouteLabels } from '../../model/route.ts';
import type { ConnectionFacts, ExchangeRecord, UpstreamAttempt } from '../../observe/exchange-record.ts';
import type { TraceContext } from '../../observe/tracing/span.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { Downstream } from './downstream.ts';
import { pathBytes } from './path-bytes.ts';
import { KeptHead } from './kept-head.ts';
import { methodOf } from './request-line.ts';

const NO_LABELS: RouteLabels = { namespace: '', ingress: '', service: '', servicePort: '', path: '' };
const NO_ATTEMPTS: readonly UpstreamAttempt[] = [];

export class ExchangeEntry implements ExchangeRecord {
  labels: RouteLabels = NO_LABELS;
  host = '';
  isHostDefined = false;
  isDefaultBackend = false;
  isLogged = true;
  errorCode: ErrorCode | undefined;
  clientAddress = '';
  clientPort = 0;
  method = '';
  target = '';
  /** As of `normalisePath`, or what policies made of it. */
  path = '';
  protocol: ExchangeRecord['protocol'] = 'HTTP/1.1';
  scheme: ExchangeRecord['scheme'] = 'http';
  remoteUser = '';
  requestId = '';
  status = 0;
  requestBytes = 0;
  sentBytes = 0;
  sentBodyBytes = 0;
  startedAtMs = 0;
  durationSeconds = 0;
  upstreamName = '';
  alternativeUpstreamName = '';
  attempts: readonly UpstreamAttempt[] = NO_ATTEMPTS;
  trace: TraceContext | undefined;
  connection: ConnectionFacts | undefined;
  /** For log formats that name fields. */
  readonly requestHead = new KeptHead();
  readonly responseHead = new KeptHead();

  /** Forgets the last exchange; what belongs to the connection stays. */
  #reset(): void {
    this.labels = NO_LABELS;
    this.host = '';
    this.isHostDefined = false;
    this.isDefaultBackend = false;
    this.isLogged = true;
    this.errorCode = undefined;
    this.method = '';
    this.target = '';
    this.path = '';
    this.requestId = '';
    this.status = 0;
    this.requestBytes = 0;
    this.sentBytes = 0;
    this.sentBodyBytes = 0;
    this.upstreamName = '';
    this.attempts = NO_ATTEMPTS;
    this.alternativeUpstreamName = '';
    this.remoteUser = '';
    this.trace = undefined;
    this.requestHead.forget();
    this.responseHead.forget();
  }

  /** A request of this client begins, of which nothing but the head is known. */
  begin(head: MessageHead, { origin, protocol }: Downstream): void {
    this.#reset();
    this.clientAddress = origin.address;
    this.clientPort = origin.port;
    this.protocol = protocol;
    this.scheme = origin.isTls ? 'https' : 'http';
    this.method = methodOf(head);
    this.target = head.buffer.latin1Slice(head.targetStart, head.targetEnd);
  }

  takeRoute(route: ProxyRoute): void {
    this.labels = route.labels;
    this.isDefaultBackend = route.isDefaultBackend;
    this.isLogged = route.isLogged;
    this.upstreamName = route.upstreamName;
  }

  addAttempt(attempt: UpstreamAttempt): void {
    this.attempts = this.attempts.length === 0 ? [attempt] : [...this.attempts, attempt];
  }

  uri(): string {
    return pathBytes(this.path);
  }

  requestHeader(name: string): string {
    return this.requestHead.find(name);
  }

  responseHeader(name: string): string {
    return this.responseHead.find(name);
  }
}
