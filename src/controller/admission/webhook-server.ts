// The HTTPS server of the admission webhook (ingress-nginx reference 6.7): any path, POST only, bodies below 9 MiB. Only the API server has
// business here, but every pod may be able to connect: connections, requests, the bytes of bodies, the values in them and the share of the
// main thread are bounded, and slow ones are cut. Where there is no room the oldest that is not complete goes, and not the newest, so that
// nobody keeps the API server out by holding what there is.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { keepNewestConnections } from '../../kit/newest-connections.ts';
import { https } from '../../kit/node-http.ts';
import type { Result } from '../../kit/result.ts';
import { countJsonMarks } from './json-marks.ts';
import { KeyPairFiles } from './key-pair-files.ts';
import { ReviewTurns } from './review-turns.ts';

export interface WebhookServerOptions {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  /** 0: a free port. */
  readonly port: number;
  readonly certificatePath: string;
  readonly keyPath: string;
  /** How often the files are looked at. */
  readonly rereadEveryMs: number;
  /** From the first byte of a request to its last; default 10 s, since API servers wait so long unless told otherwise. */
  readonly requestTimeoutMs?: number;
  /** Answers a body with a body, or says with which status it is refused. */
  readonly review: (body: string) => Result<string, { readonly status: number; readonly message: string }>;
  readonly onCertificateChange: () => void;
  readonly onCertificateError: (message: string) => void;
}

export interface WebhookServer {
  readonly port: number;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

/** ingress-nginx refuses bodies of this size. */
export const MAX_BODY_BYTES = 9 * 1024 * 1024;
/**
 * Of one body; parsing as many takes less than half a second. Objects of an API server have 1.5 MiB, a review holds two of them, and the
 * densest Ingresses have a mark every eight bytes.
 */
const MAX_JSON_MARKS = 1_000_000;
/** Of all requests under way. */
const MAX_BUFFERED_BYTES = 4 * MAX_BODY_BYTES;
const MAX_REQUESTS = 64;
const MAX_CONNECTIONS = 256;
const HEAD_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 60_000;
const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' } as const;

/** Listens; rejects with the system's error, or that of the certificate, as a message for the operator. */
export async function listenWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { certificatePath, keyPath, rereadEveryMs, onCertificateError } = options;
  const files = new KeyPairFiles({
    certificatePath,
    keyPath,
    rereadEveryMs,
    onChange: (pair) => {
      // New connections get the new certificate; those that are open stay.
      server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
      options.onCertificateChange();
    },
    onError: onCertificateError,
  });
  const pair = await files.start();
  const requests = new RequestReader(options);
  const server = https.createServer(
    {
      ...pair,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HEAD_TIMEOUT_MS,
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => requests.take(request, response),
  );
  keepNewestConnections(server, MAX_CONNECTIONS);
  try {
    await listen(server, options);
  } catch (error) {
    files.close();
    throw error;
  }
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        files.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: WebhookServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

class RequestReader {
  readonly #options: WebhookServerOptions;
  readonly #turns = new ReviewTurns(() => performance.now());
  #requests = 0;
  #bufferedBytes = 0;
  /** Each refuses a request whose body is not complete, oldest first. */
  readonly #incomplete = new Set<() => void>();

  constructor(options: WebhookServerOptions) {
    this.#options = options;
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST');
      return refuseEarly(request, response, { status: 405, message: 'only POST is answered here' });
    }
    if (Number(request.headers['content-length'] ?? 0) >= MAX_BODY_BYTES) return refuseTooLarge(request, response);
    if (this.#requests >= MAX_REQUESTS && !this.#makeRoom()) return refuseBusy(request, response);
    this.#requests++;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let marks = 0;
    let isOpen = true;
    const release = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#incomplete.delete(giveUp);
      this.#requests--;
      this.#bufferedBytes -= bytes;
      chunks.length = 0;
    };
    const giveUp = (): void => {
      release();
      refuseBusy(request, response);
    };
    this.#incomplete.add(giveUp);
    request.on('data', (chunk: Buffer) => {
      if (!isOpen) return;
      bytes += chunk.length;
      marks += countJsonMarks(chunk);
      this.#bufferedBytes += chunk.length;
      chunks.push(chunk);
      if (bytes >= MAX_BODY_BYTES || marks > MAX_JSON_MARKS) {
        release();
        refuseTooLarge(request, response);
        return;
      }
      while (this.#bufferedBytes > MAX_BUFFERED_BYTES && this.#makeRoom());
    });
    request.on('end', () => {
      this.#incomplete.delete(giveUp);
      this.#turns.add(() => {
        // Refused, or its sender is gone.
        if (!isOpen) return;
        const body = Buffer.concat(chunks).toString('utf8');
        release();
        this.#answer(response, body);
      });
    });
    request.on('error', release);
    response.on('close', release);
  }

  /** Refuses the oldest request that is not complete; false where all are. */
  #makeRoom(): boolean {
    const [giveUp] = this.#incomplete;
    giveUp?.();
    return giveUp !== undefined;
  }

  #answer(response: ServerResponse, body: string): void {
    const answer = this.#options.review(body);
    if (!answer.ok) return refuse(response, answer.error.status, answer.error.message);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(answer.value);
  }
}

function refuseTooLarge(request: IncomingMessage, response: ServerResponse): void {
  refuseEarly(request, response, { status: 413, message: `the body has 9 MiB or more, or more than ${MAX_JSON_MARKS} values` });
}

function refuseBusy(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Retry-After', '1');
  refuseEarly(request, response, { status: 503, message: 'too many reviews at once' });
}

/**
 * Answers while the body is still coming. The rest of it is thrown away, for as long as a request may take: a sender whose connection is
 * closed in the middle does not come to read the answer.
 */
function refuseEarly(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message }: { readonly status: number; readonly message: string },
): void {
  const text = `${message}\n`;
  response.writeHead(status, { ...PLAIN_TEXT, 'Content-Length': Buffer.byteLength(text) });
  response.write(text);
  request.once('end', () => response.end());
  request.resume();
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, PLAIN_TEXT);
  response.end(`${message}\n`);
}
