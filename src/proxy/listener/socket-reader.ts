// How bytes come out of a socket. Plain TCP sockets read into memory that Portico owns (`onread`), TLS sockets hand over a fresh buffer
// by 'data' events. The receiver sees one callback for both and is told whether the bytes stay as they are after it returns.
import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ReadMemory } from './read-memory.ts';

export interface ByteReceiver {
  /**
   * `buffer[0, length)` has arrived. `isStable` false: the memory is overwritten by the next read of any socket, so that what is kept or
   * written asynchronously must be copied. True: it stays until this socket is read again.
   */
  onBytes(buffer: Buffer, length: number, isStable: boolean): void;
}

/**
 * Reading side of one plain TCP socket. It starts with the shared memory. While `wantsLong`, it borrows memory of its own as soon as a
 * read has filled the shared memory; a socket whose last message was long begins the next one with memory of its own.
 */
export class SocketReader {
  /** True while a long body may come on this socket. */
  wantsLong = false;
  readonly #memory: ReadMemory;
  readonly #receiver: ByteReceiver;
  #borrowed: Buffer | undefined;
  /** What becomes of the borrowed memory at the next moment when the socket can be given other memory: after a read. */
  #next: 'keep' | 'give-back' | 'let-go' | 'exchange' = 'keep';

  constructor(memory: ReadMemory, receiver: ByteReceiver) {
    this.#memory = memory;
    this.#receiver = receiver;
  }

  /** The option of `net.Socket` of the same name. */
  readonly onread = {
    buffer: (): Uint8Array => (this.#borrowed === undefined ? this.#memory.shared : this.#nextLong(this.#borrowed)),
    callback: (length: number, buffer: Uint8Array): boolean => {
      // Buffers given out above come back as they are.
      const bytes = buffer === this.#borrowed ? this.#borrowed : this.#memory.shared;
      const isBorrowed = bytes === this.#borrowed;
      if (!isBorrowed && this.wantsLong && length === bytes.length) this.#borrowed = this.#memory.borrow();
      this.#receiver.onBytes(bytes, length, isBorrowed);
      return true;
    },
  };

  /**
   * The message has ended. `isPending`: its bytes are still being written, so that the memory cannot be used again.
   * `expectsLong`: the next message will be long as well.
   */
  endLong(isPending: boolean, expectsLong: boolean): void {
    this.wantsLong = false;
    if (this.#borrowed === undefined) return;
    if (expectsLong) this.#next = isPending ? 'exchange' : 'keep';
    else this.#next = isPending ? 'let-go' : 'give-back';
  }

  /** The socket is gone, and reads nothing any more. */
  end(): void {
    this.wantsLong = false;
    if (this.#borrowed !== undefined) this.#memory.letGo();
    this.#borrowed = undefined;
  }

  #nextLong(borrowed: Buffer): Buffer {
    const next = this.#next;
    if (next === 'keep') return borrowed;
    this.#next = 'keep';
    if (next === 'give-back') this.#memory.giveBack(borrowed);
    else this.#memory.letGo();
    this.#borrowed = next === 'exchange' ? this.#memory.borrow() : undefined;
    return this.#borrowed ?? this.#memory.shared;
  }
}

/** The handle behind a socket: Node has no public way to give an accepted connection memory to read into, so it is moved to a new socket. */
interface SocketWithHandle {
  _handle: unknown;
}

/**
 * Makes an accepted, paused connection read into Portico's memory. Returns the socket to use from now on; the given one must not be
 * touched again. `net.Server` cannot be told to use `onread` for the sockets that it makes (Node 24), so the handle changes its owner.
 */
export function adoptConnection(accepted: net.Socket, onread: SocketReader['onread']): net.Socket {
  const owner = accepted as unknown as SocketWithHandle;
  const handle = owner._handle;
  owner._handle = null;
  const options = { handle, onread, allowHalfOpen: true } as unknown as net.SocketConstructorOpts;
  return new net.Socket(options);
}

/** TLS sockets decrypt into fresh memory: their bytes are always stable. */
export function readTlsSocket(socket: TLSSocket, receiver: ByteReceiver): void {
  socket.on('data', (bytes: Buffer) => receiver.onBytes(bytes, bytes.length, true));
}
