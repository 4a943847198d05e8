// Writes the access log to a file (or a terminal) through sonic-boom, which joins batches and retries where the system asks for it.
// Lines are counted by bytes written, since sonic-boom does not tell which of its texts are done.
import sonicBoom from 'sonic-boom';

/** An `AccessLogWriter`. */
export class FileLogWriter {
  readonly #boom: sonicBoom.SonicBoom;
  readonly #onError: (error: Error) => void;
  readonly #isFile: boolean;
  /** What was taken and is not written yet. */
  #waiting: { bytes: number; readonly lines: number }[] = [];
  #isDropped = false;
  #droppedLines = 0;
  #isOpen = false;
  #isGone = false;
  #lastErrorCode = '';

  constructor(destination: number | string, maxBacklogBytes: number, onError: (error: Error) => void) {
    this.#onError = onError;
    this.#isFile = typeof destination === 'string';
    this.#boom = new sonicBoom.SonicBoom({ dest: destination, sync: false, minLength: 0, maxLength: maxBacklogBytes, mkdir: true });
    this.#boom.on('ready', () => {
      this.#isOpen = true;
    });
    this.#boom.on('drop', () => {
      this.#isDropped = true;
    });
    this.#boom.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    this.#boom.on('write', (bytes: number) => this.#settle(bytes));
  }

  get droppedLines(): number {
    return this.#droppedLines;
  }

  write(text: string, lines: number): void {
    if (this.#isGone) {
      this.#droppedLines += lines;
      return;
    }
    this.#isDropped = false;
    // Before the write, because a write may fail at once.
    this.#waiting.push({ bytes: Buffer.byteLength(text), lines });
    this.#boom.write(text);
    if (!this.#isDropped) return;
    this.#waiting.pop();
    this.#droppedLines += lines;
  }

  reopen(): void {
    if (this.#isFile && !this.#isGone) this.#boom.reopen();
  }

  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#isGone) return false;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#boom.flush((error) => {
        clearTimeout(timer);
        resolve(error === undefined || error === null);
      });
    });
  }

  #settle(bytes: number): void {
    this.#lastErrorCode = '';
    let rest = bytes;
    let done = 0;
    for (const batch of this.#waiting) {
      if (batch.bytes > rest) {
        batch.bytes -= rest;
        break;
      }
      rest -= batch.bytes;
      done++;
    }
    if (done > 0) this.#waiting.splice(0, done);
  }

  #fail(error: NodeJS.ErrnoException): void {
    const code = error.code ?? error.message;
    if (code === 'EPIPE' || code === 'EBADF' || !this.#isOpen) {
      this.#isGone = true;
      for (const batch of this.#waiting) this.#droppedLines += batch.lines;
      this.#waiting = [];
    }
    // A full disk fails every write: one report is enough until a write works again.
    if (code === this.#lastErrorCode) return;
    this.#lastErrorCode = code;
    this.#onError(error);
  }
}
