// What may stand between the body of a response and the client: compression, a limit on bandwidth. Filters form a chain whose last sink is
// the client. Bodies flow under back-pressure: a filter that is full takes what it is given, but asks for no more.

/** Takes a body piece by piece. */
export interface BodySink {
  /** True while it wants no more for now; `onReady` of the filter in front of it is called afterwards. */
  readonly isFull: boolean;
  /** The bytes are only good during the call unless `isStable`. */
  write(buffer: Buffer, start: number, end: number, isStable: boolean): void;
  /** Nothing more comes for now: what was given may leave. */
  flush(): void;
  /** The body is complete. */
  end(): void;
}

export interface ResponseFilter extends BodySink {
  /** Its sink takes more again. */
  onReady(): void;
  /** The response is over before its end; nothing more is given to the sink. */
  destroy(): void;
}

/** What a filter tells beside what it gives to its sink. */
export interface FilterEvents {
  /** It was full and takes more again. */
  readonly onReady: () => void;
  /** It cannot go on. */
  readonly onFailure: () => void;
  /** Runs what an event causes that the filter itself waited for: a fault ends the response. */
  readonly guard: (event: () => void) => void;
}
