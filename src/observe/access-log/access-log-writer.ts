// Main side of the access log: writes batches without ever waiting for the reader. What the reader cannot take in time is dropped by
// whole batches and counted; a reader that is gone for good ends the log, not the program.
// Pipes and sockets are written by the event loop, files by a helper thread: a helper thread that waits for a stalled pipe would keep
// the process from exiting.
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { FileLogWriter } from './file-log-writer.ts';

export interface AccessLogWriter {
  /** Lines that no reader will see. */
  readonly droppedLines: number;
  /** Takes whole lines, each with its end. Returns at once. */
  write(text: string, lines: number): void;
  /** Opens a file anew, after a log rotation moved it away. Nothing happens for other destinations. */
  reopen(): void;
  /**
   * Waits until everything is with the operating system, but no longer than `timeoutMs`. Answers false where it is not, because the
   * reader is too slow or gone.
   */
  flush(timeoutMs: number): Promise<boolean>;
}

export interface AccessLogWriterOptions {
  /** A file descriptor (1 is the standard output), or the path of a file to append to. */
  readonly destination: number | string;
  /** Characters that may wait; 16 Mi unless given. */
  readonly maxBacklog?: number;
  /** Called when a write fails, once for failures of the same kind in a row. */
  readonly onError?: (error: Error) => void;
}

const DEFAULT_BACKLOG = 16 * 1024 * 1024;

const devices: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 };

/** Decides by what the destination is. A file that cannot be opened is reported to `onError`, and all lines are counted as dropped. */
export function createAccessLogWriter(options: AccessLogWriterOptions): AccessLogWriter {
  const { maxBacklog = DEFAULT_BACKLOG, onError = () => undefined } = options;
  const destination = typeof options.destination === 'string' ? (devices[options.destination] ?? options.destination) : options.destination;
  if (typeof destination === 'number') {
    const stats = fstatSync(destination);
    if (stats.isFIFO() || stats.isSocket()) return new PipeLogWriter(openPipe(destination), maxBacklog, onError);
  }
  return new FileLogWriter(destination, maxBacklog, onError);
}

/** Two streams over one file descriptor disturb each other, so the process's own are used where they exist. */
function openPipe(descriptor: number): Writable {
  if (descriptor === 1) return process.stdout;
  return descriptor === 2 ? process.stderr : new Socket({ fd: descriptor, readable: false, writable: true });
}

class PipeLogWriter implements AccessLogWriter {
  readonly #stream: Writable;
  readonly #maxBacklog: number;
  readonly #onError: (error: Error) => void;
  #droppedLines = 0;
  #backlog = 0;
  #isGone = false;
  #waiters: (() => void)[] = [];

  constructor(stream: Writable, maxBacklog: number, onError: (error: Error) => void) {
    this.#stream = stream;
    this.#maxBacklog = maxBacklog;
    this.#onError = onError;
    stream.on('error', (error) => this.#fail(error));
  }

  get droppedLines(): number {
    return this.#droppedLines;
  }

  write(text: string, lines: number): void {
    if (this.#isGone || this.#backlog + text.length > this.#maxBacklog) {
      this.#droppedLines += lines;
      return;
    }
    this.#backlog += text.length;
    this.#stream.write(text, (error) => {
      this.#backlog -= text.length;
      if (error !== undefined && error !== null) {
        this.#droppedLines += lines;
        this.#fail(error);
      }
      if (this.#backlog === 0) this.#wake();
    });
  }

  reopen(): void {}

  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#isGone || this.#backlog === 0) return !this.#isGone;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve(!this.#isGone);
      });
    });
  }

  #fail(error: Error): void {
    // A pipe or socket that failed once never works again.
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onError(error);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}
