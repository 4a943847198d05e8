// How long the bytes of a client are still read, and dropped, once the last answer has been given. A close while it sends would reset the
// connection, and a reset takes from the client what it has not read yet (RFC 9112 9.6).

/** For a client that seems to have no more to send. */
const QUIET_MS = 1000;
/** For more of a client that sends; `lingering_timeout` of nginx. */
const SENDING_MS = 5000;
/** Altogether; `lingering_time` of nginx. */
const TOTAL_MS = 30_000;

export class Lingering {
  #endMs = 0;

  /**
   * When to close the connection, in ms of the clock of `nowMs`. `isSending`: the client is in the middle of a body, or requests of it are
   * left. `sendMs`: what it may take to read the rest of the answer, 0 when all of it has left.
   */
  begin(nowMs: number, isSending: boolean, sendMs: number): number {
    this.#endMs = nowMs + Math.max(TOTAL_MS, sendMs);
    return nowMs + Math.max(isSending ? SENDING_MS : QUIET_MS, sendMs);
  }

  /** The same after more has come; `deadlineMs` is what was answered before. */
  extend(nowMs: number, deadlineMs: number): number {
    return Math.min(this.#endMs, Math.max(deadlineMs, nowMs + SENDING_MS));
  }
}
