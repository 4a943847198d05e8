// Reads a byte stream piece by piece: a head up to its blank line, a line, or some bytes. It keeps at most `HIGH_WATER_BYTES` unread
// bytes and then pauses the stream. One reader owns one stream; only one read may wait at a time.
import type { Duplex } from 'node:stream';

const HIGH_WATER_BYTES = 256 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

export class ByteReader {
  readonly #stream: Duplex;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
  }

  /** The error that ended the stream, if it did not end by itself. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Bytes that arrived and were not read yet. */
  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  /** The next byte, which stays unread; undefined at the end of the stream. */
  async peek(): Promise<number | undefined> {
    while (this.#buffer.length === 0 && !this.#ended) await this.#more();
    return this.#buffer[0];
  }

  /** The bytes before the next empty line, which is consumed too; undefined at the end of the stream or past `maxBytes`. */
  async readHead(maxBytes: number): Promise<Buffer | undefined> {
    return this.#readUntil(HEAD_END, maxBytes);
  }

  /** The bytes before the next line feed, without it and a carriage return before it; undefined at the end or past `maxBytes`. */
  async readLine(maxBytes: number): Promise<Buffer | undefined> {
    const line = await this.#readUntil(Buffer.from('\n'), maxBytes);
    return line?.at(-1) === 0x0d ? line.subarray(0, -1) : line;
  }

  /** Between one and `maxBytes` bytes, as they come; undefined at the end of the stream. */
  async readSome(maxBytes: number): Promise<Buffer | undefined> {
    while (this.#buffer.length === 0) {
      if (this.#ended) return undefined;
      await this.#more();
    }
    return this.#take(Math.min(maxBytes, this.#buffer.length));
  }

  /** Exactly `lengthBytes` bytes; undefined if the stream ends before. */
  async readExactly(lengthBytes: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = lengthBytes;
    while (missing > 0) {
      const part = await this.readSome(missing);
      if (part === undefined) return undefined;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async #readUntil(mark: Buffer, maxBytes: number): Promise<Buffer | undefined> {
    let searched = 0;
    for (;;) {
      const at = this.#buffer.indexOf(mark, Math.max(0, searched - mark.length));
      if (at >= 0) {
        const found = this.#take(at + mark.length);
        return found.subarray(0, at);
      }
      searched = this.#buffer.length;
      if (this.#ended || searched > maxBytes) return undefined;
      await this.#more();
    }
  }

  #take(lengthBytes: number): Buffer {
    const taken = this.#buffer.subarray(0, lengthBytes);
    this.#buffer = this.#buffer.subarray(lengthBytes);
    if (this.#buffer.length < HIGH_WATER_BYTES && this.#stream.isPaused()) this.#stream.resume();
    return taken;
  }

  async #more(): Promise<void> {
    if (this.#stream.isPaused()) this.#stream.resume();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    if (this.#buffer.length >= HIGH_WATER_BYTES) this.#stream.pause();
    this.#notify();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#notify();
  };

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
    this.#ended = true;
    this.#notify();
  };
}
