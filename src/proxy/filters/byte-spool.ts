// A queue of bytes that is kept in memory up to a bound and goes on in a file behind that: for bodies that one side sends faster than the
// other may or can take them. The file has no name once it is open, so that nothing is left behind whatever happens.
import { close, open, read, unlink, writev } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { BodyBudget } from './body-budget.ts';
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
  readonly onFailure: (error: Error) => void;
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
  /** To be taken next. */
  readonly #head = new PieceQueue();
  /** To be written to the file. */
  readonly #tail = new PieceQueue();
  #writingBytes = 0;
  #fd = -1;
  #readAt = 0;
  #writtenAt = 0;
  /** What was taken from the budget. */
  #memoryTaken = 0;
  #fileTaken = 0;
  #isOverBudget = false;
  /** The file cannot be written. */
  #isBroken = false;
  /** An operation on the file is under way. */
  #isBusy = false;
  #isOver = false;

  constructor(limits: SpoolLimits, budget: BodyBudget, events: SpoolEvents) {
    this.#limits = limits;
    this.#budget = budget;
    this.#events = events;
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
    const isFileEmpty = this.#readAt === this.#writtenAt && this.#tail.isEmpty && !this.#isBusy;
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
    if (!this.#isBusy) this.#closeFile();
  }

  #addMemory(bytes: number): void {
    this.#memoryTaken += bytes;
    this.#budget.addMemory(bytes);
  }

  /** What could not be written comes behind what was. */
  #takeUnwritten(): Buffer | undefined {
    if (!this.#isBroken || this.#isBusy || this.#readAt < this.#writtenAt) return undefined;
    return this.#tail.shift();
  }

  /** Moves bytes along: from the file to the head where that is empty, else from the tail to the file. */
  #work(): void {
    if (this.#isBusy || this.#isOver) return;
    if (this.#head.isEmpty && this.#readAt < this.#writtenAt) this.#readNext();
    else if (this.#isBroken) return;
    else if (!this.#tail.isEmpty && this.#fd < 0) this.#openFile();
    else if (!this.#tail.isEmpty) this.#writeNext();
  }

  #openFile(): void {
    this.#isBusy = true;
    const path = join(this.#limits.directory, `portico-${randomUUID()}`);
    open(path, 'wx+', 0o600, (error, fd) => {
      if (error !== null) return this.#break();
      this.#fd = fd;
      unlink(path, (failure) => (failure === null ? this.#done() : this.#break()));
    });
  }

  #writeNext(): void {
    this.#isBusy = true;
    const { bytes } = this.#tail;
    const pieces = this.#tail.takeAll();
    this.#writingBytes = bytes;
    writev(this.#fd, pieces, this.#writtenAt, (error, written) => {
      this.#writingBytes = 0;
      if (this.#isOver) return this.#done();
      if (error !== null || written !== bytes) {
        this.#tail.putBack(pieces);
        return this.#break();
      }
      this.#writtenAt += bytes;
      this.#addMemory(-bytes);
      this.#done();
    });
  }

  #readNext(): void {
    this.#isBusy = true;
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, this.#writtenAt - this.#readAt));
    read(this.#fd, buffer, 0, buffer.length, this.#readAt, (error, count) => {
      if (this.#isOver) return this.#done();
      if (error !== null || count === 0) {
        this.#isBusy = false;
        this.destroy();
        return this.#events.onFailure(error ?? new Error('the file ends early'));
      }
      this.#readAt += count;
      this.#addMemory(count);
      this.#head.push(buffer, 0, count, true);
      if (this.#readAt === this.#writtenAt) this.#reuseFile();
      this.#done();
    });
  }

  /** All of the file was read: it begins anew, so that it is never larger than what waited at one time. */
  #reuseFile(): void {
    this.#budget.addFile(-this.#writtenAt);
    this.#fileTaken -= this.#writtenAt;
    this.#readAt = 0;
    this.#writtenAt = 0;
  }

  /** Nothing more can be written: no more is asked for than the reader takes. */
  #break(): void {
    this.#isBroken = true;
    this.#done();
  }

  #done(): void {
    this.#isBusy = false;
    if (this.#isOver) return this.#closeFile();
    if (this.#head.isEmpty || !this.#tail.isEmpty) this.#work();
    this.#events.onMoved();
  }

  #closeFile(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    close(fd, () => undefined);
  }
}
