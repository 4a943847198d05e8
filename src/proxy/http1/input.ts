// Bytes of a connection that are being used up.
import { NO_BYTES } from './held-input.ts';

export class Input {
  bytes: Buffer = NO_BYTES;
  /** Offset of what is used next. */
  start = 0;
  end = 0;
  /** False: the memory belongs to all connections, and the next read overwrites it. */
  isStable = false;

  set(bytes: Buffer, start: number, end: number, isStable: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isStable = isStable;
  }
}
