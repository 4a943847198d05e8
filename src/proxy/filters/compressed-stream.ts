// A body of any length, compressed by a stream of node:zlib. What came in one piece is flushed, so that a backend that sends slowly is
// heard at once, as with nginx's `proxy_buffering off`.
import type { BrotliCompress, Gzip, ZstdCompress } from 'node:zlib';
import type { BodySink, FilterEvents, ResponseFilter } from './response-filter.ts';

export type CompressStream = BrotliCompress | Gzip | ZstdCompress;

export interface StreamEvents extends FilterEvents {
  /** The memory of the stream is free again; called once. */
  readonly onClosed: () => void;
}

/** Input that waits for the compressor. */
const MAX_WAITING_BYTES = 64 * 1024;

export class CompressedStream implements ResponseFilter {
  readonly #stream: CompressStream;
  readonly #sink: BodySink;
  readonly #events: StreamEvents;
  #hasUnflushed = false;
  #isFlushing = false;
  #isEnded = false;
  #isOver = false;
  #wasFull = false;

  constructor(stream: CompressStream, sink: BodySink, events: StreamEvents) {
    this.#stream = stream;
    this.#sink = sink;
    this.#events = events;
    stream.on('data', (piece: Buffer) => events.guard(() => this.#onData(piece)));
    stream.on('end', () => events.guard(() => this.#onEnd()));
    stream.on('error', () => events.guard(() => this.#onError()));
    stream.on('close', () => this.#events.onClosed());
  }

  get isFull(): boolean {
    const isFull = this.#stream.writableLength > MAX_WAITING_BYTES || this.#sink.isFull;
    if (isFull) this.#wasFull = true;
    return isFull;
  }

  write(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    const bytes = buffer.subarray(start, end);
    this.#hasUnflushed = true;
    this.#stream.write(isStable ? bytes : Buffer.from(bytes), () => this.#events.guard(() => this.#onWritten()));
  }

  flush(): void {
    if (this.#isFlushing || !this.#hasUnflushed || this.#isEnded || this.#isOver) return;
    this.#isFlushing = true;
    this.#hasUnflushed = false;
    this.#stream.flush(() => {
      this.#isFlushing = false;
      this.flush();
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#stream.end();
  }

  onReady(): void {
    if (this.#isOver) return;
    this.#stream.resume();
    this.#tellReady();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.destroy();
  }

  #onData(piece: Buffer): void {
    if (this.#isOver) return;
    this.#sink.write(piece, 0, piece.length, true);
    this.#sink.flush();
    if (this.#sink.isFull) this.#stream.pause();
  }

  #onWritten(): void {
    if (!this.#isOver) this.#tellReady();
  }

  #tellReady(): void {
    if (!this.#wasFull || this.#isEnded || this.isFull) return;
    this.#wasFull = false;
    this.#events.onReady();
  }

  #onEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.end();
  }

  #onError(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onFailure();
  }
}
