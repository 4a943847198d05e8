// The error boundary of one connection (event-guard.ts). It also holds the invariant that nothing one connection put together is left for
// the next: the worker's out buffer is empty whenever a callback returns.
import { endAfterFault, type GuardContext } from '../event-guard.ts';
import type { ByteReceiver } from './socket-reader.ts';

export class GuardedReceiver implements ByteReceiver {
  /** Set before the first byte can arrive. */
  target: ByteReceiver | undefined;
  readonly #context: GuardContext;
  readonly #onFault: () => void;

  /** `onFault` ends the connection; it is called once for each fault. */
  constructor(context: GuardContext, onFault: () => void) {
    this.#context = context;
    this.#onFault = onFault;
  }

  onBytes(buffer: Buffer, length: number, isStable: boolean): void {
    try {
      this.target?.onBytes(buffer, length, isStable);
      this.#expectNothingLeft();
    } catch (error) {
      endAfterFault(this.#context, this.#onFault, error);
    }
  }

  /** The same for any other event of the connection. */
  run(event: () => void): void {
    try {
      event();
      this.#expectNothingLeft();
    } catch (error) {
      endAfterFault(this.#context, this.#onFault, error);
    }
  }

  #expectNothingLeft(): void {
    const { length } = this.#context.out;
    if (length > 0) throw new Error(`${length} bytes of a response were put together but not written`);
  }
}
