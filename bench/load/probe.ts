// One HTTP/1.1 request on a fresh connection, with as little work as possible: used to wait for a proxy, to check it before it is measured,
// and to watch for changes while the load generator runs on the same core.
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface ProbeRequest {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** True: over TLS, with the host as SNI; the certificate is not checked. */
  readonly secure?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

const probeTimeoutMs = 5_000;

/** Sends the request and reads the answer. Rejects if there is none within five seconds. A body must have a Content-Length or end with the connection. */
export function probe(request: ProbeRequest): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const { port, host } = request;
    const socket =
      request.secure === true
        ? connectTls({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false })
        : connectTcp({ port, host: '127.0.0.1' });
    let received = '';
    const finish = (error?: Error): void => {
      socket.destroy();
      const answer = parseAnswer(received);
      if (answer === undefined) {
        reject(error ?? new Error(`connection closed after ${received.length} bytes`));
      } else {
        resolve(answer);
      }
    };
    socket.setTimeout(probeTimeoutMs, () => {
      finish(new Error('no answer in time'));
    });
    socket.on('error', finish);
    socket.on('close', () => {
      finish();
    });
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      received += String(chunk);
      if (isComplete(received)) {
        finish();
      }
    });
    socket.write(serialize(request));
  });
}

function serialize({ host, path, headers = {}, body }: ProbeRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`;
  const method = body === undefined ? 'GET' : 'POST';
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}${length}Connection: close\r\n\r\n${body ?? ''}`;
}

function isComplete(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) {
    return false;
  }
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1];
  return length !== undefined && text.length >= headEnd + 4 + Number(length);
}

function parseAnswer(text: string): ProbeAnswer | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  return headEnd < 0 || status === undefined ? undefined : { status: Number(status), body: text.slice(headEnd + 4) };
}
