// The error boundary of one connection: a fault in what its bytes cause ends that connection and is reported; the worker and all its
// other connections go on. It also holds the invariant that nothing one connection put together is left for the next: the worker's out
// buffer is empty whenever a callback returns.
import type { WorkerContext } from '../worker-context.ts';
import type { ByteReceiver } from './socket-reader.ts';

export class GuardedReceiver implements ByteReceiver {
  /** Set before the first byte can arrive. */
  target: ByteReceiver | undefined;
  readonly #context: Pick<WorkerContext, 'out' | 'reportFault'>;
  readonly #onFault: () => void;

  /** `onFault` ends the connection; it is called once for each fault. */
  constructor(context: Pick<WorkerContext, 'out' | 'reportFault'>, onFault: () => void) {
    this.#context = context;
    this.#onFault = onFault;
  }

  onBytes(buffer: Buffer, length: number, isStable: boolean): void {
    const { out } = this.#context;
    try {
      this.target?.onBytes(buffer, length, isStable);
      if (out.length === 0) return;
      this.#end(new Error(`${out.length} bytes of a response were put together but not written`));
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    const { out } = this.#context;
    out.length = 0;
    this.#context.reportFault(error);
    try {
      this.#onFault();
    } catch (second) {
      this.#context.reportFault(second);
    }
    out.length = 0;
  }
}
