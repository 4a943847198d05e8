// The request of one call to an upstream as it is sent: the head, and behind it the body as long as all of it is held, so that both can be
// sent again to another endpoint.
import { OutBuffer } from '../out-buffer.ts';
import type { WorkerContext } from '../worker-context.ts';

/** A request is held up to this size. */
const HELD_BYTES = 64 * 1024;
const CHUNKED_END = 'Transfer-Encoding: chunked\r\n\r\n';

export class HeldRequest {
  /** The head is appended here first. */
  readonly out: OutBuffer;
  /** False once a part of the body was sent without being held: the request cannot be sent again. */
  isWhole = true;
  /** Where the body begins in `out`; negative: not known yet. */
  #bodyAt = -1;
  #takenBytes = 0;

  constructor({ requestMemory }: Pick<WorkerContext, 'requestMemory'>) {
    this.out = new OutBuffer(requestMemory);
    this.out.isOwnAlone = true;
  }

  /** Forgets the last request. */
  reset(): void {
    this.out.length = 0;
    this.out.isOwnAlone = true;
    this.isWhole = true;
    this.#bodyAt = -1;
    this.#takenBytes = 0;
  }

  /** What is in `out` is the head, unless it was said before where that ends; what is appended from now on belongs to the body. */
  endHead(): void {
    if (this.#bodyAt < 0) this.#bodyAt = this.out.length;
  }

  /** Before anything is taken: gives the head, which says that the body comes in chunks, its length instead. */
  tellLength(bodyBytes: number): void {
    const { out } = this;
    const body = this.takeBody();
    out.length -= CHUNKED_END.length;
    out.appendLatin1(`Content-Length: ${bodyBytes}\r\n\r\n`);
    this.#bodyAt = out.length;
    out.append(body, 0, body.length);
  }

  /** Before anything is taken: what was appended behind the head, which is held no longer. */
  takeBody(): Buffer {
    const { out } = this;
    const body = Buffer.from(out.bytes.subarray(this.#bodyAt, out.length));
    out.length = this.#bodyAt;
    return body;
  }

  /** The head, every byte a character, and the body unless a part of it is gone. */
  copy(): { readonly head: string; readonly body: Buffer | undefined } {
    const { bytes, length } = this.out;
    const bodyAt = this.#bodyAt < 0 ? length : this.#bodyAt;
    return { head: bytes.latin1Slice(0, bodyAt), body: this.isWhole ? Buffer.from(bytes.subarray(bodyAt, length)) : undefined };
  }

  hasRoomFor(bytes: number): boolean {
    return this.isWhole && this.out.length + bytes <= HELD_BYTES;
  }

  /** A piece of the body, as a chunk (RFC 9112 7.1) if `isChunked`. */
  append(buffer: Buffer, start: number, end: number, isChunked: boolean): void {
    const { out } = this;
    if (isChunked) out.appendLatin1(`${(end - start).toString(16)}\r\n`);
    out.append(buffer, start, end);
    if (isChunked) out.appendLatin1('\r\n');
  }

  /** All of it is to be taken again. */
  rewind(): void {
    this.#takenBytes = 0;
  }

  /** What was appended since the last call; undefined: nothing, or it is sent without being held. The bytes stay where they are. */
  take(): Buffer | undefined {
    const { out } = this;
    if (!this.isWhole || out.length <= this.#takenBytes) return undefined;
    const bytes = out.bytes.subarray(this.#takenBytes, out.length);
    this.#takenBytes = out.length;
    return bytes;
  }
}
