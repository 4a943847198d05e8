// Reads the answer to a watch: one JSON object a line (Kubernetes API concepts, "Efficient detection of changes"). A line that is not
// what it should be ends the watch with an error, since nobody knows what it was about.
import type { IncomingMessage } from 'node:http';
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import { isMap } from '../../resources/fields.ts';
import type { ApiError } from './api-error.ts';
import { localError, statusError } from './api-error.ts';
import { LineSplitter } from './line-splitter.ts';

export interface WatchHandler {
  /** An object was added, changed or removed; for a bookmark, `object` has nothing but its resourceVersion. */
  readonly onEvent: (type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: unknown) => void;
  /** The server has accepted the watch. */
  readonly onOpen?: () => void;
}

/** An object has at most a few megabytes; a DELETED event holds it whole. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

export class WatchReader {
  readonly #handler: WatchHandler;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  #status = 0;
  #retryAfter: string | undefined;
  /** Of an answer that is no watch. */
  #errorText = '';
  #error: ApiError | undefined;

  constructor(handler: WatchHandler) {
    this.#handler = handler;
  }

  onHead({ statusCode = 0, headers }: IncomingMessage): void {
    this.#status = statusCode;
    this.#retryAfter = headers['retry-after'];
    if (statusCode === 200) this.#handler.onOpen?.();
  }

  onData(chunk: Buffer): ApiError | undefined {
    if (this.#status !== 200) {
      if (this.#errorText.length < MAX_ERROR_BYTES) this.#errorText += chunk.toString('utf8');
      return undefined;
    }
    const isShort = this.#lines.push(chunk, (line) => {
      this.#error ??= this.#read(line);
    });
    return isShort ? this.#error : localError('Unreadable', `an event of the watch is longer than ${MAX_LINE_BYTES} bytes`);
  }

  finish(): Result<undefined, ApiError> {
    if (this.#status !== 200)
      return fail(statusError(this.#status, parseJson(this.#errorText) ?? { message: this.#errorText.trim() }, this.#retryAfter));
    // A server that goes away may cut the last line; what it was comes again with the next watch.
    return ok(undefined);
  }

  #read(line: Buffer): ApiError | undefined {
    if (line.length === 0) return undefined;
    const event = parseJson(line.toString('utf8'));
    const type = isMap(event) ? event['type'] : undefined;
    const object = isMap(event) ? event['object'] : undefined;
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
      case 'BOOKMARK':
        this.#handler.onEvent(type, object);
        return undefined;
      case 'ERROR':
        return statusError(500, object);
      default:
        return localError('Unreadable', `a line of the watch is no event: ${JSON.stringify(line.toString('utf8', 0, 100))}`);
    }
  }
}

/** Undefined for text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
