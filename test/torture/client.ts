// One raw client connection: keeps every byte that it gets, says how the connection ended, and knows when an exchange has come to rest.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cut, type Step, uncut } from './parts.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export class Client {
  received = '';
  /** The peer ended its side, or the connection failed. */
  isClosed = false;
  /** The connection ended with an error, a reset above all: the code. */
  errorCode: string | undefined;
  lastArrivalMs = Date.now();
  readonly #socket: Socket;
  readonly #connected: Promise<boolean>;

  constructor(address: Address) {
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    this.#socket = socket;
    this.#connected = new Promise((resolve) => {
      socket.once('connect', () => {
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
    socket.on('data', (data) => {
      this.received += data.toString('latin1');
      this.lastArrivalMs = Date.now();
    });
    socket.on('end', () => {
      this.isClosed = true;
      this.lastArrivalMs = Date.now();
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code ?? error.message;
      this.isClosed = true;
    });
  }

  /** Waits for the connection. Throws when there is none: then there is nothing to judge. */
  async ready(): Promise<this> {
    if (!(await this.#connected)) throw new Error(`cannot connect to the proxy (${this.errorCode})`);
    return this;
  }

  /** Sends the steps, each write cut into pieces; stops when the connection has ended. */
  async send(steps: readonly Step[], cut: Cut = uncut): Promise<void> {
    for (const step of steps) {
      if (step.kind === 'pause') await sleep(step.pauseMs);
      else await this.#write(cut(step.bytes));
    }
  }

  async #write(pieces: readonly string[]): Promise<void> {
    // Of two pieces the first must surely be read alone; of many it is enough that most are.
    const pauseMs = pieces.length > 2 ? 0 : 5;
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await sleep(pauseMs);
      if (this.isClosed || this.#socket.destroyed) return;
      await new Promise((resolve) => this.#socket.write(piece, 'latin1', resolve));
    }
  }

  /** Ends the sending side. */
  endSending(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** When an exchange counts as over. */
export interface Rest {
  /** Quiet time after which nothing more is awaited, in ms. */
  readonly idleMs: number;
  /** Hard limit, in ms. */
  readonly limitMs: number;
  /** The connection must end: a quiet time alone is not enough. */
  readonly mustClose: boolean;
  /** Everything that is wanted has arrived: then a short quiet time is enough. */
  readonly isComplete: () => boolean;
}

const pollMs = 4;
const completeQuietMs = 60;
const openQuietMs = 1200;

/** Waits until the exchange has come to rest: what else could arrive, at either end, would have arrived. */
export async function settle(client: Client, backend: { readonly lastArrivalMs: number }, rest: Rest): Promise<void> {
  const startMs = Date.now();
  for (;;) {
    await sleep(pollMs);
    const nowMs = Date.now();
    const isOver = nowMs - startMs > rest.limitMs;
    if (client.isClosed) {
      await sleep(3 * pollMs);
      if (isOver || Date.now() - backend.lastArrivalMs > 25) return;
      continue;
    }
    if (isOver) return;
    const quietMs = nowMs - Math.max(client.lastArrivalMs, backend.lastArrivalMs, startMs);
    if (rest.mustClose) {
      if (client.received !== '' && quietMs > openQuietMs) return;
    } else if (quietMs > Math.min(rest.idleMs, completeQuietMs) && (rest.isComplete() || (client.received !== '' && quietMs > rest.idleMs)))
      return;
  }
}
