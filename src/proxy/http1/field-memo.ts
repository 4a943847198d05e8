// Remembers the fields of the last request on a connection. Programs that keep a connection (service clients, monitors, load balancers'
// probes) send the same field lines again and again; comparing them is ten times faster than parsing them. Nothing is assumed: every byte
// is compared, and what was checked then holds for the same bytes now. Measured with bench small-50: 0.7 of 13 us per request; a
// client whose lines differ pays for a comparison of lengths.
//
// Only the value of Host may differ, for a connection may carry requests to many hosts: no other line means something else because of it,
// and it is checked with every request, remembered or not (`finishRequest`). Measured with bench hosts: 2.5 of 14 us.
import { FIELD_VALUE, SPACE } from './characters.ts';
import type { FieldBlock } from './field-block.ts';
import type { HeadLimits } from './head-parser.ts';
import { HASH_SEED, type HostCache, mix } from './host-cache.ts';
import type { MessageHead } from './message-head.ts';

/** Heads with more than this are not kept: it is memory per connection. */
const MAX_KEPT_BYTES = 2048;
/** Up to here a loop is faster than the call of a comparison. */
const LOOP_BYTES = 64;

export class FieldMemo {
  /** Bytes of the section that was found last; undefined: none is kept. */
  length = 0;
  #bytes: Buffer | undefined;
  /** Of the section that was found last. Differs from `#bytes` in the Host line only. */
  #block: FieldBlock | undefined;
  #minorVersion = 1;
  #limits: HeadLimits | undefined;
  /** The value of Host in `#bytes`; 0: there is no Host. */
  #hostStart = 0;
  #hostEnd = 0;
  /** True: `#block` is of `#bytes` itself, and another Host is not expected. */
  #isHostSteady = true;
  /** Length of the last field section without the value of Host, whether kept or not. */
  #lastLength = 0;
  readonly #hosts: HostCache;

  constructor(hosts: HostCache) {
    this.#hosts = hosts;
  }

  /** The fields, if the section at `head.buffer[at]` is the one that is kept, byte for byte up to its empty line, but for the value of Host. */
  find(head: MessageHead, at: number, end: number, limits: HeadLimits): FieldBlock | undefined {
    const bytes = this.#bytes;
    const block = this.#block;
    if (bytes === undefined || block === undefined || head.minorVersion !== this.#minorVersion || limits !== this.#limits) return undefined;
    if (this.#isHostSteady) {
      if (isSame(bytes, 0, bytes.length, head.buffer, at, end)) return block;
      if (this.#hostEnd === 0) return undefined;
    }
    return this.#findOtherHost(head.buffer, at, end);
  }

  /** Tells of a section that was parsed. It is kept if the one before had the same length: then it may well come again. */
  note(head: MessageHead, end: number, limits: HeadLimits): void {
    const { buffer, fieldsAt, fields } = head;
    const host = fields.hostField;
    const hostStart = host < 0 ? 0 : (fields.valueStart[host] ?? 0);
    const hostEnd = host < 0 ? 0 : (fields.valueEnd[host] ?? 0);
    const length = end - fieldsAt - (hostEnd - hostStart);
    if (length !== this.#lastLength || end - fieldsAt > MAX_KEPT_BYTES) {
      this.#lastLength = length;
      return;
    }
    this.#bytes = Buffer.from(buffer.subarray(fieldsAt, end));
    this.#block = fields.keep();
    this.length = end - fieldsAt;
    this.#minorVersion = head.minorVersion;
    this.#limits = limits;
    this.#hostStart = hostStart;
    this.#hostEnd = hostEnd;
    this.#isHostSteady = true;
    // Lines that only look alike, such as those with a counter in them, must not be copied every time.
    this.#lastLength = 0;
  }

  #findOtherHost(buffer: Buffer, at: number, end: number): FieldBlock | undefined {
    const bytes = this.#bytes;
    const block = this.#block;
    const hostStart = this.#hostStart;
    if (bytes === undefined || block === undefined || !isSame(bytes, 0, hostStart, buffer, at, end)) return undefined;
    const valueStart = at + hostStart;
    let valueEnd = valueStart;
    let hash = HASH_SEED;
    // Without SP and HTAB: where a value begins and ends is not in doubt then.
    for (; valueEnd < end; valueEnd++) {
      const byte = buffer[valueEnd] ?? 0;
      if (byte <= SPACE) break;
      hash = mix(hash, byte);
    }
    const known = this.#hosts.peek(buffer, valueStart, valueEnd, hash);
    if (known === undefined && !isFieldValue(buffer, valueStart, valueEnd)) return undefined;
    const lineBytes = valueEnd - at - (block.nameStart[block.hostField] ?? 0);
    const length = bytes.length + valueEnd - valueStart - (this.#hostEnd - hostStart);
    // What is wrong or too long is the parser's to refuse.
    if (valueEnd === valueStart || lineBytes > (this.#limits?.fieldBytes ?? 0) || length > MAX_KEPT_BYTES) return undefined;
    if (!isSame(bytes, this.#hostEnd, bytes.length, buffer, valueEnd, end)) return undefined;
    const isSameHost = known !== undefined && known === block.host;
    block.replaceHost(valueEnd - valueStart, known);
    this.length = length;
    if (isSameHost && !this.#isHostSteady) this.#settle(buffer, at, valueEnd);
    else this.#isHostSteady = false;
    return block;
  }

  /** The same Host came twice: the whole section is compared in one go from now on. */
  #settle(buffer: Buffer, at: number, valueEnd: number): void {
    this.#bytes = Buffer.from(buffer.subarray(at, at + this.length));
    this.#hostEnd = valueEnd - at;
    this.#isHostSteady = true;
  }
}

function isFieldValue(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (FIELD_VALUE[buffer[at] ?? 0] !== 1) return false;
  return true;
}

/** Whether `kept[start, keptEnd)` stands at `buffer[at]`, before `end`. */
function isSame(kept: Buffer, start: number, keptEnd: number, buffer: Buffer, at: number, end: number): boolean {
  const length = keptEnd - start;
  if (end - at < length) return false;
  if (length > LOOP_BYTES) return buffer.compare(kept, start, keptEnd, at, at + length) === 0;
  for (let i = 0; i < length; i++) if (kept[start + i] !== buffer[at + i]) return false;
  return true;
}
