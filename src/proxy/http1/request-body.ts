// Where the body of a request ends: by its length or by its last chunk (RFC 9112 6.3).
import { CHUNK_BAD, CHUNK_DATA, CHUNK_END, ChunkedDecoder } from './chunked-decoder.ts';
import { BODY_CHUNKED, BODY_LENGTH } from './field-block.ts';
import type { MessageHead } from './message-head.ts';
import { isValidTrailerSection } from './trailer-section.ts';

export class RequestBody {
  dataStart = 0;
  dataEnd = 0;
  /** Offset behind what the last `read` used. */
  next = 0;
  isComplete = true;
  receivedBytes = 0;
  #isChunked = false;
  #remaining = 0;
  #decoder: ChunkedDecoder | undefined;

  begin(head: MessageHead): void {
    this.#isChunked = head.body === BODY_CHUNKED;
    this.#remaining = head.body === BODY_LENGTH ? head.contentLength : 0;
    this.isComplete = !this.#isChunked && this.#remaining === 0;
    this.receivedBytes = 0;
    if (!this.#isChunked) return;
    this.#decoder ??= new ChunkedDecoder();
    this.#decoder.reset();
  }

  /** How much is still to come; Infinity where only the end of the body will tell. */
  get remainingBytes(): number {
    return this.isComplete ? 0 : this.#isChunked ? Infinity : this.#remaining;
  }

  get trailers(): Buffer | undefined {
    return this.#isChunked ? this.#decoder?.trailers : undefined;
  }

  /** Reads on in `buffer[start, end)`. `data`: `dataStart` to `dataEnd` is body data. */
  read(buffer: Buffer, start: number, end: number, scratch: MessageHead): 'data' | 'more' | 'bad' {
    const decoder = this.#decoder;
    if (this.#isChunked && decoder !== undefined) return this.#readChunk(decoder, buffer, start, end, scratch);
    const length = Math.min(this.#remaining, end - start);
    this.#remaining -= length;
    this.#take(start, start + length);
    this.isComplete = this.#remaining === 0;
    return 'data';
  }

  #readChunk(decoder: ChunkedDecoder, buffer: Buffer, start: number, end: number, scratch: MessageHead): 'data' | 'more' | 'bad' {
    const answer = decoder.read(buffer, start, end);
    this.next = decoder.next;
    switch (answer) {
      case CHUNK_DATA:
        this.#take(decoder.dataStart, decoder.dataEnd);
        return 'data';
      case CHUNK_END:
        if (decoder.trailers !== undefined && !isValidTrailerSection(decoder.trailers, scratch)) return 'bad';
        this.isComplete = true;
        return 'more';
      case CHUNK_BAD:
        return 'bad';
      default:
        return 'more';
    }
  }

  #take(start: number, end: number): void {
    this.dataStart = start;
    this.dataEnd = end;
    this.next = end;
    this.receivedBytes += end - start;
  }
}
