// A raw backend: keeps every request that reaches it, reads strictly, and answers by script. What is no acceptable request is kept as
// malformed, answered 400, and ends the connection. One exchange of the runner uses it at a time.
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cut, expandParts, type Part, uncut } from './parts.ts';
import { readRequest, type RequestMessage, valuesOf } from './wire.ts';

/** The answer to the next request; the ones after it get the default answer. */
export interface Script {
  readonly parts: Part | readonly Part[];
  /** How the answer is cut into writes. */
  readonly cut?: Cut;
  /** `head`: answer as soon as the head of a request is complete. */
  readonly when?: 'full' | 'head';
  /** Bytes sent on the idle connection, `afterMs` after the answer. */
  readonly after?: string | undefined;
  readonly afterMs?: number;
  readonly close?: boolean | 'reset';
  /** Whatever follows the request is not HTTP: it is kept as early until the answer is written, and echoed from then on. */
  readonly tunnel?: boolean;
}

export interface SeenRequest extends RequestMessage {
  readonly connection: number;
}

interface Connection {
  readonly socket: Socket;
  readonly id: number;
  bytes: string;
  /** Not empty: the bytes of a request that is not complete. */
  pending: string;
  /** What arrives is not read as HTTP any more. */
  state: 'http' | 'dead' | 'tunnel-asked' | 'tunnel';
  answeredEarly: boolean;
  isAnswering: boolean;
}

export class Backend {
  /** Complete requests in order of arrival. */
  requests: SeenRequest[] = [];
  /** Why bytes that arrived are no request. */
  malformed: string[] = [];
  /** What came between the request of a tunnel and its answer. */
  early = '';
  /** When something arrived last, in ms of `Date.now()`. */
  lastArrivalMs = 0;
  /** The connection that the script was played on. */
  scriptConnection: number | undefined;
  #script: Script | undefined;
  #cut: string[] = [];
  #nextId = 1;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
  }

  /** Listens on loopback; port 0 takes a free one. Answers the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the backend has no port');
    return address.port;
  }

  async close(): Promise<void> {
    this.#dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Drops all connections and forgets what was seen. The proxy gets a moment to notice before anything is forgotten. */
  async reset(script?: Script): Promise<void> {
    this.#dropConnections();
    await sleep(12);
    this.requests = [];
    this.malformed = [];
    this.early = '';
    this.lastArrivalMs = 0;
    this.scriptConnection = undefined;
    this.#cut = [];
    this.#script = script;
  }

  /** Bytes of requests that began and never ended, the ones that were cut off by their connection's end included. */
  unfinished(): string[] {
    const open = [...this.#connections].map((connection) => connection.pending).filter((bytes) => bytes !== '');
    return [...open, ...this.#cut];
  }

  openConnections(): number {
    return this.#connections.size;
  }

  #dropConnections(): void {
    for (const connection of this.#connections) connection.socket.destroy();
    this.#connections.clear();
  }

  #accept(socket: Socket): void {
    const connection: Connection = {
      socket,
      id: this.#nextId++,
      bytes: '',
      pending: '',
      state: 'http',
      answeredEarly: false,
      isAnswering: false,
    };
    this.#connections.add(connection);
    // A reset by the proxy is an ordinary end here; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (connection.pending !== '' && this.#connections.has(connection)) this.#cut.push(connection.pending);
      this.#connections.delete(connection);
    });
    socket.on('end', () => {
      if (!connection.isAnswering) socket.end();
    });
    socket.on('data', (data) => {
      this.lastArrivalMs = Date.now();
      this.#receive(connection, data.toString('latin1'));
    });
  }

  #receive(connection: Connection, bytes: string): void {
    switch (connection.state) {
      case 'tunnel-asked':
        this.early += bytes;
        return;
      case 'tunnel':
        connection.socket.write(bytes, 'latin1');
        return;
      case 'dead':
        return;
      case 'http':
        connection.bytes += bytes;
        this.#readRequests(connection);
    }
  }

  #readRequests(connection: Connection): void {
    while (connection.state === 'http' && connection.bytes !== '') {
      const reading = readRequest(connection.bytes);
      if (reading.kind === 'bad') {
        connection.state = 'dead';
        connection.pending = '';
        this.malformed.push(reading.why);
        connection.socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      if (reading.kind === 'more') {
        connection.pending = connection.bytes;
        if (reading.message !== undefined) this.#answerEarly(connection, reading.message);
        return;
      }
      connection.pending = '';
      this.requests.push({ ...reading.message, connection: connection.id });
      connection.bytes = connection.bytes.slice(reading.end);
      if (connection.answeredEarly) connection.answeredEarly = false;
      else this.#answer(connection, reading.message);
    }
    if (connection.bytes === '') connection.pending = '';
  }

  #answerEarly(connection: Connection, request: RequestMessage): void {
    if (this.#script?.when !== 'head' || connection.answeredEarly) return;
    connection.answeredEarly = true;
    this.#answer(connection, request);
  }

  #answer(connection: Connection, request: RequestMessage): void {
    const script = this.#script;
    this.#script = undefined;
    if (script === undefined) this.#answerDefault(connection, request);
    else void this.#play(connection, script);
  }

  #answerDefault(connection: Connection, request: RequestMessage): void {
    const { socket } = connection;
    const text = `ok ${request.method} ${request.target}\n`;
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Backend-Connection: ${connection.id}\r\nContent-Length: ${text.length}\r\n\r\n`;
    socket.write(request.method === 'HEAD' ? head : head + text, 'latin1');
    const options = valuesOf(request.fields, 'connection').join(',');
    if (request.version === 'HTTP/1.0' || /(^|,)\s*close\s*(,|$)/i.test(options)) socket.end();
  }

  async #play(connection: Connection, script: Script): Promise<void> {
    const { socket } = connection;
    this.scriptConnection = connection.id;
    connection.isAnswering = true;
    if (script.tunnel === true) {
      connection.state = 'tunnel-asked';
      this.early += connection.bytes;
      connection.bytes = '';
    }
    for (const step of expandParts(script.parts)) {
      if (step.kind === 'pause') await sleep(step.pauseMs);
      else await writePieces(socket, (script.cut ?? uncut)(step.bytes));
    }
    if (script.tunnel === true) {
      connection.state = 'tunnel';
      if (this.early !== '' && !socket.destroyed) socket.write(this.early, 'latin1');
    }
    const { after } = script;
    if (after !== undefined) setTimeout(() => socket.destroyed || socket.write(after, 'latin1'), script.afterMs ?? 50);
    connection.isAnswering = false;
    if (script.close === 'reset') socket.resetAndDestroy();
    else if (script.close === true) socket.end();
  }
}

/** Writes pieces one by one; between two of them the other side gets the time to read. */
async function writePieces(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await sleep(0);
    if (socket.destroyed) return;
    socket.write(piece, 'latin1');
  }
}
