// The server on the health port: health, readiness and metrics, for the kubelet and for Prometheus. It has nothing to do with traffic
// and stays up while traffic is drained. What is healthy and ready is decided elsewhere and asked for at each request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { keepNewestConnections } from '../kit/newest-connections.ts';
import { http } from '../kit/node-http.ts';
import { EXPOSITION_CONTENT_TYPE } from './exposition.ts';
import type { MetricsPage } from './metrics-page.ts';

export interface HealthServerOptions {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  /** 0: any free port. */
  readonly port: number;
  /** `--health-check-path`, with its leading slash. */
  readonly healthPath: string;
  /** Undefined while the program is alive and initialised and was not asked to end; else the reason, and the answer is 500. */
  readonly getHealthProblem: () => string | undefined;
  /** Undefined while all workers serve a complete table; else the reason, and the answer is 503. */
  readonly getReadinessProblem: () => string | undefined;
  readonly metrics: MetricsPage;
}

export interface HealthServer {
  readonly port: number;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 128;
const HEAD_TIMEOUT_MS = 10_000;
/** For a whole request; it does not bound the answer. */
const REQUEST_TIMEOUT_MS = 20_000;
/** A scraper that takes nothing for this long is cut off. */
const IDLE_TIMEOUT_MS = 60_000;

/** Listens; rejects with the system's error where the address cannot be had. */
export async function listenHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = http.createServer(
    { headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 5_000, maxHeaderSize: 8192 },
    (request, response) => answer(options, request, response),
  );
  keepNewestConnections(server, MAX_CONNECTIONS);
  server.setTimeout(IDLE_TIMEOUT_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(options: HealthServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url = '' } = request;
  const path = url.split('?', 1)[0] ?? '';
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, 405, 'only GET and HEAD are answered here');
    return;
  }
  switch (path) {
    case options.healthPath: {
      const problem = options.getHealthProblem();
      send(response, problem === undefined ? 200 : 500, problem ?? 'ok');
      return;
    }
    case '/readyz': {
      const problem = options.getReadinessProblem();
      send(response, problem === undefined ? 200 : 503, problem ?? 'ok');
      return;
    }
    case '/metrics':
      void sendMetrics(options.metrics, request, response);
      return;
    default:
      send(response, 404, 'not found');
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}

/** Streams the page as fast as the scraper takes it. A scraper that goes away ends it; so does a fault, which cuts the answer. */
async function sendMetrics(page: MetricsPage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Type', EXPOSITION_CONTENT_TYPE);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Vary', 'Accept-Encoding');
  const isZipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(request.headers['accept-encoding'] ?? '');
  if (isZipped) response.setHeader('Content-Encoding', 'gzip');
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const chunks = Readable.from(page.print(), { objectMode: true, highWaterMark: 1 });
  try {
    if (isZipped) await pipeline(chunks, createGzip({ level: constants.Z_BEST_SPEED }), response);
    else await pipeline(chunks, response);
  } catch {
    response.destroy();
  }
}
