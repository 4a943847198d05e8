// A temporary file without a name: it is removed from its directory as soon as it is open, so that nothing is left behind whatever happens.
// One operation at a time is under way; a file that is closed meanwhile is closed when that ends.
import { randomUUID } from 'node:crypto';
import { close, open, read, unlink, writev } from 'node:fs';
import { join } from 'node:path';

export class NamelessFile {
  readonly #directory: string;
  #fd = -1;
  #isBusy = false;
  #isClosed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** True: nothing else may be asked for until `done` is called. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  open(done: (isOpen: boolean) => void): void {
    this.#isBusy = true;
    const path = join(this.#directory, `portico-${randomUUID()}`);
    open(path, 'wx+', 0o600, (failure, fd) => {
      if (failure !== null) return this.#end(() => done(false));
      this.#fd = fd;
      unlink(path, (error) => this.#end(() => done(error === null)));
    });
  }

  /** Writes all pieces, `bytes` together, at an offset. False: not all of them were written. */
  write(pieces: readonly Buffer[], bytes: number, at: number, done: (isWritten: boolean) => void): void {
    this.#isBusy = true;
    writev(this.#fd, pieces, at, (error, written) => this.#end(() => done(error === null && written === bytes)));
  }

  /** Reads up to so many bytes from an offset. Undefined: there are none, or they cannot be read. */
  read(bytes: number, at: number, done: (piece: Buffer | undefined) => void): void {
    this.#isBusy = true;
    const buffer = Buffer.allocUnsafe(bytes);
    read(this.#fd, buffer, 0, bytes, at, (error, count) =>
      this.#end(() => done(error !== null || count === 0 ? undefined : buffer.subarray(0, count))),
    );
  }

  close(): void {
    this.#isClosed = true;
    if (this.#isBusy || this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    close(fd, () => undefined);
  }

  #end(tell: () => void): void {
    this.#isBusy = false;
    if (this.#isClosed) this.close();
    tell();
  }
}
