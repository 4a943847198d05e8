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
 * Reading side of one plain TCP socket. Starts with the shared memory; `wantsLong` makes it borrow memory of its own as soon as
 * a read has filled the shared memory, and `endLong` gives it back.
 */
export class SocketReader {
  /** True while a long body is expected on this socket. */
  wantsLong = false;
  readonly #memory: ReadMemory;
  readonly #receiver: ByteReceiver;
  #borrowed: Buffer | undefined;
  /** Set once the borrowed memory is not wanted any more; it can only go at the moment when the socket is given other memory. */
  #ending: 'no' | 'give-back' | 'let-go' = 'no';

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

  /** The long body has ended. `isPending`: its bytes are still being written, so that the memory cannot be used again. */
  endLong(isPending: boolean): void {
    this.wantsLong = false;
    if (this.#borrowed !== undefined) this.#ending = isPending ? 'let-go' : 'give-back';
  }

  #nextLong(borrowed: Buffer): Buffer {
    if (this.#ending === 'no') return borrowed;
    if (this.#ending === 'give-back') this.#memory.giveBack(borrowed);
    this.#ending = 'no';
    this.#borrowed = undefined;
    return this.#memory.shared;
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
