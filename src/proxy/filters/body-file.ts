// The part of a request body that does not fit into memory: written once to a temporary file, read from its start as often as the request
// is sent.
import type { BodyBudget } from './body-budget.ts';
import { NamelessFile } from './nameless-file.ts';
import { PieceQueue } from './piece-queue.ts';

export interface BodyFileEvents {
  /** There is something to take, or room for more. */
  readonly onMoved: () => void;
  /** Nothing more can be written; all that was put in can be taken still, once. */
  readonly onBroken: () => void;
  /** The file cannot be read: the body is lost. */
  readonly onLost: () => void;
}

const READ_BYTES = 64 * 1024;
/** So much may wait to be written; nothing, where the memory for bodies is used up. */
const WAITING_BYTES = 128 * 1024;

export class BodyFile {
  readonly #budget: BodyBudget;
  readonly #events: BodyFileEvents;
  readonly #file: NamelessFile;
  #length = 0;
  #taken = 0;
  /** To be written; after a failure, to be taken behind the file. */
  readonly #waiting = new PieceQueue();
  #writingBytes = 0;
  /** Counted in the budget: all that waits, is being written or was read ahead. */
  #memoryBytes = 0;
  #writtenBytes = 0;
  #readAt = 0;
  /** Read ahead. */
  #next: Buffer | undefined;
  #isReading = false;
  /** Counts beginnings: what was read for an earlier one is of no use. */
  #round = 0;
  #isBroken = false;
  #isOver = false;

  constructor(budget: BodyBudget, directory: string, events: BodyFileEvents) {
    this.#budget = budget;
    this.#file = new NamelessFile(directory);
    this.#events = events;
  }

  /** True while no more should be put in. */
  get isBehind(): boolean {
    const bytes = this.#waiting.bytes + this.#writingBytes;
    return bytes > 0 && !this.#isBroken && (bytes >= WAITING_BYTES || this.#budget.isMemoryFull);
  }

  /** True once nothing more can be written. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** True when all that was put in was taken since the last `rewind`. */
  get isDrained(): boolean {
    return this.#taken === this.#length;
  }

  /** Puts `buffer[start, end)` in, which is copied. False: there is no room. */
  push(buffer: Buffer, start: number, end: number): boolean {
    const count = end - start;
    if (this.#isBroken || this.#isOver || !this.#budget.takeFile(count)) return false;
    this.#length += count;
    this.#addMemory(count);
    this.#waiting.push(buffer, start, end, false);
    this.#work();
    return true;
  }

  /** The next bytes; undefined where there are none, or none yet: `onMoved` tells. */
  take(): Buffer | undefined {
    this.#isReading = true;
    let piece = this.#next;
    this.#next = undefined;
    if (piece === undefined && this.#isBroken && this.#readAt === this.#writtenBytes) piece = this.#waiting.shift();
    this.#taken += piece?.length ?? 0;
    this.#addMemory(-(piece?.length ?? 0));
    this.#work();
    return piece;
  }

  /** What was put in is to be taken from its beginning. Not after `onBroken`. */
  rewind(): void {
    this.#round++;
    this.#addMemory(-(this.#next?.length ?? 0));
    this.#next = undefined;
    this.#readAt = 0;
    this.#taken = 0;
    this.#isReading = true;
    this.#work();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#budget.addFile(-this.#length);
    this.#addMemory(-this.#memoryBytes);
    this.#waiting.clear();
    this.#next = undefined;
    this.#file.close();
  }

  #addMemory(bytes: number): void {
    this.#memoryBytes += bytes;
    this.#budget.addMemory(bytes);
  }

  #work(): void {
    if (this.#file.isBusy || this.#isOver) return;
    if (this.#isReading && this.#next === undefined && this.#readAt < this.#writtenBytes) this.#readNext();
    else if (this.#waiting.isEmpty || this.#isBroken) return;
    else if (!this.#file.isOpen) this.#file.open((isOpen) => this.#done(!isOpen));
    else this.#writeNext();
  }

  #writeNext(): void {
    const { bytes } = this.#waiting;
    const pieces = this.#waiting.takeAll();
    this.#writingBytes = bytes;
    this.#file.write(pieces, bytes, this.#writtenBytes, (isWritten) => {
      this.#writingBytes = 0;
      if (this.#isOver) return;
      if (isWritten) {
        this.#writtenBytes += bytes;
        this.#addMemory(-bytes);
      } else {
        this.#waiting.putBack(pieces);
      }
      this.#done(!isWritten);
    });
  }

  #readNext(): void {
    const round = this.#round;
    this.#file.read(Math.min(READ_BYTES, this.#writtenBytes - this.#readAt), this.#readAt, (piece) => {
      if (this.#isOver) return;
      if (piece === undefined) {
        this.destroy();
        return this.#events.onLost();
      }
      if (round === this.#round) {
        this.#next = piece;
        this.#addMemory(piece.length);
        this.#readAt += piece.length;
      }
      this.#done(false);
    });
  }

  #done(isBroken: boolean): void {
    if (this.#isOver) return;
    if (isBroken) {
      this.#isBroken = true;
      this.#events.onBroken();
    }
    this.#work();
    if (!this.#isOver) this.#events.onMoved();
  }
}
