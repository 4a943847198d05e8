// A queue of bytes that is kept in memory up to a bound and goes on in a file behind that: for bodies that one side sends faster than the
// other may or can take them.
import type { BodyBudget } from './body-budget.ts';
import { NamelessFile } from './nameless-file.ts';
import { PieceQueue } from './piece-queue.ts';

export interface SpoolLimits {
  readonly memoryBytes: number;
  /** 0: no file. */
  readonly fileBytes: number;
  readonly directory: string;
}

export interface SpoolEvents {
  /** There is something to take again, or room for more. */
  readonly onMoved: () => void;
  /** The file cannot be read: what is in the queue is lost. */
  readonly onFailure: () => void;
}

const READ_BYTES = 64 * 1024;

export class ByteSpool {
  /** Bytes in the queue. */
  length = 0;
  /** True once a part went to the file. */
  hasSpilled = false;
  readonly #limits: SpoolLimits;
  readonly #budget: BodyBudget;
  readonly #events: SpoolEvents;
  readonly #file: NamelessFile;
  /** To be taken next. */
  readonly #head = new PieceQueue();
  /** To be written to the file. */
  readonly #tail = new PieceQueue();
  #writingBytes = 0;
  #readAt = 0;
  #writtenAt = 0;
  /** What was taken from the budget. */
  #memoryTaken = 0;
  #fileTaken = 0;
  #isOverBudget = false;
  /** The file cannot be written. */
  #isBroken = false;
  #isOver = false;

  constructor(limits: SpoolLimits, budget: BodyBudget, events: SpoolEvents) {
    this.#limits = limits;
    this.#budget = budget;
    this.#events = events;
    this.#file = new NamelessFile(limits.directory);
  }

  /** True while no more should be put in. */
  get isFull(): boolean {
    const { memoryBytes, fileBytes } = this.#limits;
    if ((this.#isOverBudget || this.#isBroken) && this.length > 0) return true;
    if (fileBytes === 0) return this.#head.bytes >= memoryBytes;
    const tailBytes = this.#tail.bytes + this.#writingBytes;
    if (tailBytes > 0 && this.#budget.isMemoryFull) return true;
    return tailBytes >= Math.max(memoryBytes, READ_BYTES) || this.#writtenAt + tailBytes >= fileBytes;
  }

  /** The memory must not change afterwards. */
  push(piece: Buffer): void {
    if (this.#isOver) return;
    this.length += piece.length;
    const { memoryBytes } = this.#limits;
    const hasFile = this.#limits.fileBytes > 0 && !this.#isBroken;
    const isFileEmpty = this.#readAt === this.#writtenAt && this.#tail.isEmpty && !this.#file.isBusy;
    if (isFileEmpty && (!hasFile || this.#head.bytes + piece.length <= memoryBytes)) {
      const hasRoom = this.#budget.takeMemory(piece.length);
      if (hasRoom) this.#memoryTaken += piece.length;
      if (hasRoom || !hasFile) {
        this.#isOverBudget = !hasRoom;
        this.#head.push(piece, 0, piece.length, true);
        return;
      }
    }
    this.hasSpilled = true;
    // What has come must be kept; no more is asked for then.
    this.#budget.addFile(piece.length);
    this.#fileTaken += piece.length;
    this.#isOverBudget = this.#budget.isFileFull;
    this.#addMemory(piece.length);
    this.#tail.push(piece, 0, piece.length, true);
    this.#work();
  }

  /** The next bytes; undefined where there are none, or none yet: `onMoved` tells. */
  take(): Buffer | undefined {
    const piece = this.#head.shift() ?? this.#takeUnwritten();
    if (piece === undefined) {
      this.#work();
      return undefined;
    }
    this.length -= piece.length;
    this.#addMemory(-Math.min(piece.length, this.#memoryTaken));
    return piece;
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#addMemory(-this.#memoryTaken);
    this.#budget.addFile(-this.#fileTaken);
    this.#head.clear();
    this.#tail.clear();
    this.#file.close();
  }

  #addMemory(bytes: number): void {
    this.#memoryTaken += bytes;
    this.#budget.addMemory(bytes);
  }

  /** What could not be written comes behind what was. */
  #takeUnwritten(): Buffer | undefined {
    if (!this.#isBroken || this.#file.isBusy || this.#readAt < this.#writtenAt) return undefined;
    return this.#tail.shift();
  }

  /** Moves bytes along: from the file to the head where that is empty, else from the tail to the file. */
  #work(): void {
    if (this.#file.isBusy || this.#isOver) return;
    if (this.#head.isEmpty && this.#readAt < this.#writtenAt) this.#readNext();
    else if (this.#isBroken) return;
    else if (!this.#tail.isEmpty && !this.#file.isOpen) this.#file.open((isOpen) => this.#done(!isOpen));
    else if (!this.#tail.isEmpty) this.#writeNext();
  }

  #writeNext(): void {
    const { bytes } = this.#tail;
    const pieces = this.#tail.takeAll();
    this.#writingBytes = bytes;
    this.#file.write(pieces, bytes, this.#writtenAt, (isWritten) => {
      this.#writingBytes = 0;
      if (this.#isOver) return;
      if (isWritten) {
        this.#writtenAt += bytes;
        this.#addMemory(-bytes);
      } else {
        this.#tail.putBack(pieces);
      }
      this.#done(!isWritten);
    });
  }

  #readNext(): void {
    this.#file.read(Math.min(READ_BYTES, this.#writtenAt - this.#readAt), this.#readAt, (piece) => {
      if (this.#isOver) return;
      if (piece === undefined) {
        this.destroy();
        return this.#events.onFailure();
      }
      this.#readAt += piece.length;
      this.#addMemory(piece.length);
      this.#head.push(piece, 0, piece.length, true);
      if (this.#readAt === this.#writtenAt) this.#reuseFile();
      this.#done(false);
    });
  }

  /** All of the file was read: it begins anew, so that it is never larger than what waited at one time. */
  #reuseFile(): void {
    this.#budget.addFile(-this.#writtenAt);
    this.#fileTaken -= this.#writtenAt;
    this.#readAt = 0;
    this.#writtenAt = 0;
  }

  /** `isBroken`: nothing more can be written, and no more is asked for than the reader takes. */
  #done(isBroken: boolean): void {
    if (this.#isOver) return;
    if (isBroken) this.#isBroken = true;
    if (this.#head.isEmpty || !this.#tail.isEmpty) this.#work();
    this.#events.onMoved();
  }
}
