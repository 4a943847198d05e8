// When the next batch is handed over. What belongs together comes over several watches within a few milliseconds, so a batch waits that long after its
// first event. EndpointSlices that come alone belong to nothing else, since pods come and go by themselves: they are handed over in the same turn of the
// event loop, unless a batch was handed over just before, for then they come in crowds.

export interface BatchScheduleOptions {
  /** A batch waits this long after the first event in it; a batch of EndpointSlices only where the last one is not this long ago. */
  readonly holdOffMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** `sinceMs`: when the first event in the batch came. */
  readonly onDue: (sinceMs: number) => void;
}

export class BatchSchedule {
  readonly #options: BatchScheduleOptions;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #sinceMs: number | undefined;
  #lastMs = 0;
  #isClosed = false;

  constructor(options: BatchScheduleOptions) {
    this.#options = options;
  }

  /** Something happened that others may belong to. */
  hold(): void {
    if (this.#isClosed) return;
    this.#sinceMs ??= this.#options.nowMs();
    this.#cancelImmediate();
    this.#timer ??= setTimeout(() => this.#run(), this.#options.holdOffMs);
  }

  /** EndpointSlices changed. */
  hasten(): void {
    const { holdOffMs, nowMs } = this.#options;
    this.#sinceMs ??= nowMs();
    const isCrowded = nowMs() - this.#lastMs < holdOffMs;
    if (isCrowded || this.#timer !== undefined) this.hold();
    else if (!this.#isClosed) this.#immediate ??= setImmediate(() => this.#run());
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#cancelImmediate();
  }

  #run(): void {
    this.#timer = undefined;
    this.#cancelImmediate();
    const nowMs = this.#options.nowMs();
    const sinceMs = this.#sinceMs ?? nowMs;
    this.#sinceMs = undefined;
    this.#lastMs = nowMs;
    this.#options.onDue(sinceMs);
  }

  #cancelImmediate(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }
}
