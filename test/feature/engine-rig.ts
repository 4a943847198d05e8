// What the engine tests share: Portico in front of one raw backend, raw clients, and waiting for something to become true.
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from '../support/polling.ts';
import { Backend, type Script } from '../torture/backend.ts';
import { type Address, Client } from '../torture/client.ts';
import { expandParts } from '../torture/parts.ts';
import { readResponses, type ResponseMessage, type Responses, valuesOf } from '../torture/wire.ts';
import { catchAllManifests, type Portico, startPortico } from './portico.ts';

export interface Answer extends Responses {
  readonly client: Client;
  /** The first final response. Throws when there is none. */
  readonly response: ResponseMessage;
}

export interface EngineRig {
  readonly portico: Portico;
  readonly proxy: Address;
  readonly backend: Backend;
  /** A connected client, destroyed with the rig. */
  connect(): Promise<Client>;
  /** Sends a request on a new connection, plays the script at the backend, and waits for the final response. */
  ask(request: string, script?: Script): Promise<Answer>;
  close(): Promise<void>;
}

/** Portico with this ConfigMap in front of a raw backend that answers 200 or by script. */
export async function openEngine(config: Readonly<Record<string, string>> = {}): Promise<EngineRig> {
  const backend = new Backend();
  const portico = await startPortico({ manifests: catchAllManifests([await backend.listen(0)], config) });
  const proxy = { host: '127.0.0.1', port: portico.httpPort };
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = await new Client(proxy).ready();
    clients.push(client);
    return client;
  };
  return {
    portico,
    proxy,
    backend,
    connect,
    ask: async (request, script) => {
      await backend.reset(script);
      const client = await connect();
      await client.send(expandParts(request));
      return awaitAnswer(client, /^\S*/.exec(request)?.[0] ?? '');
    },
    close: async () => {
      for (const client of clients) client.destroy();
      await portico.stop();
      await backend.close();
    },
  };
}

/** Waits for one more final response than `before` on this connection; `method` is that of its request. */
export async function awaitAnswer(client: Client, method: string, before = 0): Promise<Answer> {
  const methods = [...Array.from({ length: before }, () => 'GET'), method];
  const read = (): Responses => readResponses(client.received, methods, client.isClosed);
  await waitUntil('a response', () => client.isClosed || read().final.length > before);
  const responses = read();
  const response = responses.final[before];
  if (response === undefined) throw new Error(`no response but ${JSON.stringify(client.received.slice(0, 200))}`);
  return { ...responses, client, response };
}

/** Waits until the condition holds; throws when it does not come to hold. */
export async function waitUntil(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await sleep(5);
  }
}

/** Waits until a number has stopped growing, or is `most`, and answers it. */
export async function waitForPlateau(count: () => number | Promise<number>, most = Infinity): Promise<number> {
  let last = await count();
  for (let unchanged = 0; unchanged < 8 && last < most;) {
    await sleep(100);
    const now = await count();
    unchanged = now === last ? unchanged + 1 : 0;
    last = now;
  }
  return last;
}

/** Reads all that comes until the connection ends, with a pause after each piece; the caller resumes a paused socket. */
export async function readSlowly(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (data) => {
    pieces.push(data);
    socket.pause();
    setTimeout(() => socket.resume(), 5);
  });
  socket.on('close', () => (isClosed = true));
  await waitUntil('the end', () => isClosed);
  return Buffer.concat(pieces).toString('latin1');
}

/** All values of a response field, joined. */
export function fieldOf(message: ResponseMessage, name: string): string | undefined {
  const values = valuesOf(message.fields, name);
  return values.length === 0 ? undefined : values.join(', ');
}

/** A TCP server whose connections a test handles itself; half-open, so that a test sees each direction end. */
export class RawServer {
  onConnection: (socket: Socket) => void = () => undefined;
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.sockets.add(socket);
      // A connection that a test or Portico resets is an ordinary end; 'close' follows.
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      this.onConnection(socket);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return address.port;
  }

  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Portico with this ConfigMap in front of a raw server. */
export async function openRawEngine(config: Readonly<Record<string, string>> = {}): Promise<{ portico: Portico; server: RawServer }> {
  const server = new RawServer();
  const portico = await startPortico({ manifests: catchAllManifests([await server.listen()], config) });
  return { portico, server };
}
