// What is known about one exchange (a request and its response) when it ends: the one input of the metrics and of the access log.
// The proxy keeps one record per connection and fills it again for each request; observers must not keep a reference.
// Text from clients and backends holds one byte per character (latin1), as received; who prints it decodes and escapes it.
import type { ErrorCode } from '../model/error-codes.ts';
import type { RouteLabels } from '../model/route.ts';
import type { TraceContext } from './tracing/span.ts';

/** One try to get an answer from an endpoint. */
export interface UpstreamAttempt {
  /** `10.0.0.1:8080`, `[fd00::1]:8080`. */
  readonly address: string;
  /** 0 where no response head came. */
  readonly status: number;
  /** Of the body as received. */
  readonly responseBytes: number;
  /** Seconds; -1 where the phase was not reached. */
  readonly connectSeconds: number;
  readonly headerSeconds: number;
  readonly responseSeconds: number;
}

/** What is known about a client connection; one object per connection, only read by log formats that ask for it. */
export interface ConnectionFacts {
  /** Counts connections of the worker, from 1. */
  readonly serial: number;
  /** Requests on this connection so far, the one that ends included. */
  readonly requests: number;
  /** The other end of the TCP connection, whatever a PROXY header or X-Forwarded-For says. */
  readonly peerAddress: string;
  /** Source address of the PROXY header; empty where there was none. */
  readonly proxyProtocolAddress: string;
  /** `TLSv1.3`, and OpenSSL's name of the cipher; empty on plain connections. */
  readonly tlsProtocol: string;
  readonly tlsCipher: string;
  /** Name from SNI, or empty. */
  readonly tlsServerName: string;
}

export interface ExchangeRecord {
  readonly labels: RouteLabels;
  /** Requested host in lower case without port; empty where the request had none that could be used. */
  readonly host: string;
  /** True where an object names this very host, so that it may be a label (ingress-nginx counts no others). */
  readonly isHostDefined: boolean;
  readonly isDefaultBackend: boolean;
  /** False: the route asks for no access log line. */
  readonly isLogged: boolean;
  readonly errorCode: ErrorCode | undefined;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly method: string;
  /** As received, query included. */
  readonly target: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  readonly scheme: 'http' | 'https';
  readonly remoteUser: string;
  readonly requestId: string;
  readonly status: number;
  /** Head and body, as received. */
  readonly requestBytes: number;
  /** Head and body, as sent. */
  readonly sentBytes: number;
  readonly sentBodyBytes: number;
  /** Milliseconds since the epoch when the first byte of the request was read. */
  readonly startedAtMs: number;
  readonly durationSeconds: number;
  /** `namespace-service-port`, `upstream-default-backend`, or empty. */
  readonly upstreamName: string;
  /** Of a canary; empty otherwise. */
  readonly alternativeUpstreamName: string;
  /** In order; the last one gave the answer, if any did. */
  readonly attempts: readonly UpstreamAttempt[];
  /** Of routes with tracing. */
  readonly trace?: TraceContext | undefined;
  readonly connection?: ConnectionFacts | undefined;
  /** The path, decoded and normalised, or what rewrites made of it; empty where there was none. */
  uri(): string;
  /** Value of a request header by lower-case name; empty where absent. Slow: reads the head again. */
  requestHeader(name: string): string;
  /** Value of a response header as sent by the upstream, by lower-case name. */
  responseHeader(name: string): string;
}
