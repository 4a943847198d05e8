// Decodes a chunked body (RFC 9112 7.1) as it arrives, in whatever pieces: state lives here, never in a look-ahead, so that no split of
// the input can change the outcome. Data is reported as ranges of the input; extensions are checked and skipped; trailer lines are
// collected (bounded) for the parser of fields.
import { CR, FIELD_VALUE, HEX, HTAB, LF, SEMICOLON, SPACE, TOKEN } from './characters.ts';

/** More input is needed. */
export const CHUNK_MORE = 0;
/** `dataStart` to `dataEnd` is body data; call again from `next`. */
export const CHUNK_DATA = 1;
/** The body is complete; `next` is the first byte behind it. */
export const CHUNK_END = 2;
/** The body is malformed or over a limit. */
export const CHUNK_BAD = 3;

const MAX_SIZE_DIGITS = 13;
const MAX_EXTENSION_BYTES_LINE = 256;
const MAX_EXTENSION_BYTES_BODY = 8192;
const MAX_TRAILER_BYTES = 16 * 1024;

type State =
  | 'size-start'
  | 'size'
  | 'size-blank'
  | 'extension'
  | 'extension-quoted'
  | 'extension-escaped'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailers';

export class ChunkedDecoder {
  dataStart = 0;
  dataEnd = 0;
  next = 0;
  #state: State = 'size-start';
  #size = 0;
  #digits = 0;
  #extensionLine = 0;
  #extensionBody = 0;
  #trailers: Buffer | undefined;
  #trailerLength = 0;
  /** Bytes of the current trailer line. */
  #trailerLine = 0;
  #trailerCr = false;

  reset(): void {
    this.#state = 'size-start';
    this.#size = 0;
    this.#digits = 0;
    this.#extensionLine = 0;
    this.#extensionBody = 0;
    this.#trailerLength = 0;
    this.#trailerLine = 0;
    this.#trailerCr = false;
  }

  /** The trailer section with its final empty line, or undefined where it is empty. Valid until `reset`. */
  get trailers(): Buffer | undefined {
    return this.#trailerLength <= 2 ? undefined : this.#trailers?.subarray(0, this.#trailerLength);
  }

  /** Reads on in `buffer[start, end)`. Returns one of the `CHUNK_…` answers. */
  read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#state === 'data') return this.#takeData(at, end);
      const byte = buffer[at++] ?? 0;
      if (this.#state === 'trailers') {
        const answer = this.#takeTrailer(byte);
        if (answer === CHUNK_MORE) continue;
        this.next = at;
        return answer;
      }
      if (!this.#step(byte)) return CHUNK_BAD;
    }
    this.next = end;
    return CHUNK_MORE;
  }

  #takeData(at: number, end: number): number {
    const length = Math.min(this.#size, end - at);
    this.#size -= length;
    if (this.#size === 0) this.#state = 'data-cr';
    this.dataStart = at;
    this.dataEnd = at + length;
    this.next = at + length;
    return CHUNK_DATA;
  }

  /** One byte of anything but data and trailers. False: malformed. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'size-start':
      case 'size':
        return this.#takeSize(byte);
      case 'size-blank':
        if (byte === SPACE || byte === HTAB) return this.#countExtension();
        if (byte !== SEMICOLON) return false;
        this.#state = 'extension';
        return this.#countExtension();
      case 'extension':
      case 'extension-quoted':
      case 'extension-escaped':
        return this.#takeExtension(byte);
      case 'size-lf':
        if (byte !== LF) return false;
        this.#state = this.#size === 0 ? 'trailers' : 'data';
        this.#digits = 0;
        this.#extensionLine = 0;
        return true;
      case 'data-cr':
        this.#state = 'data-lf';
        return byte === CR;
      case 'data-lf':
        this.#state = 'size-start';
        return byte === LF;
      default:
        return false;
    }
  }

  #takeSize(byte: number): boolean {
    const digit = HEX[byte] ?? 255;
    if (digit !== 255) {
      this.#state = 'size';
      this.#size = this.#size * 16 + digit;
      // Leading zeros do not count, but there is a bound on them too.
      if (this.#size !== 0) this.#digits++;
      return this.#digits <= MAX_SIZE_DIGITS && (this.#size !== 0 || this.#countExtension());
    }
    if (this.#state === 'size-start') return false;
    if (byte === CR) this.#state = 'size-lf';
    else if (byte === SEMICOLON) this.#state = 'extension';
    else if (byte === SPACE || byte === HTAB) this.#state = 'size-blank';
    else return false;
    return byte === CR || this.#countExtension();
  }

  #takeExtension(byte: number): boolean {
    if (byte === CR) {
      if (this.#state !== 'extension') return false;
      this.#state = 'size-lf';
      return true;
    }
    if (this.#state === 'extension') {
      if (byte === 34) this.#state = 'extension-quoted';
      else if (TOKEN[byte] === 0 && byte !== 61 && byte !== SEMICOLON && byte !== SPACE && byte !== HTAB) return false;
    } else {
      if (FIELD_VALUE[byte] !== 1) return false;
      if (this.#state === 'extension-escaped') this.#state = 'extension-quoted';
      else if (byte === 34) this.#state = 'extension';
      else if (byte === 92) this.#state = 'extension-escaped';
    }
    return this.#countExtension();
  }

  #countExtension(): boolean {
    this.#extensionLine++;
    this.#extensionBody++;
    return this.#extensionLine <= MAX_EXTENSION_BYTES_LINE && this.#extensionBody <= MAX_EXTENSION_BYTES_BODY;
  }

  /** Collects trailer bytes until the empty line. Only the line ends are checked here; the field parser checks the rest. */
  #takeTrailer(byte: number): number {
    if (this.#trailerLength >= MAX_TRAILER_BYTES) return CHUNK_BAD;
    this.#trailers = grow(this.#trailers, this.#trailerLength + 1);
    this.#trailers[this.#trailerLength++] = byte;
    if (this.#trailerCr) {
      if (byte !== LF) return CHUNK_BAD;
      this.#trailerCr = false;
      if (this.#trailerLine === 0) return CHUNK_END;
      this.#trailerLine = 0;
      return CHUNK_MORE;
    }
    if (byte === CR) this.#trailerCr = true;
    else if (byte === LF) return CHUNK_BAD;
    else this.#trailerLine++;
    return CHUNK_MORE;
  }
}

function grow(buffer: Buffer | undefined, length: number): Buffer {
  if (buffer === undefined) return Buffer.allocUnsafe(Math.max(256, length));
  if (buffer.length >= length) return buffer;
  const larger = Buffer.allocUnsafe(buffer.length * 2);
  buffer.copy(larger);
  return larger;
}
