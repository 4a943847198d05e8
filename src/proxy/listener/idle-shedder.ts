// Makes room for a new connection, where there are as many as there may be, by closing the one that has been idle for longest. To find none
// means to look at all of them, so it is not looked for again at once: else every connection above the limit would cost that.

export interface SheddableConnection {
  readonly isIdle: boolean;
  close(): void;
}

/** A look at 16,384 connections takes about a millisecond. */
const AGAIN_MS = 50;

export class IdleShedder {
  readonly #connections: Iterable<SheddableConnection>;
  #againAtMs = 0;

  /** `connections`: the oldest first. */
  constructor(connections: Iterable<SheddableConnection>) {
    this.#connections = connections;
  }

  /** False: none is idle, as far as is known. */
  shed(nowMs: number): boolean {
    if (nowMs < this.#againAtMs) return false;
    for (const connection of this.#connections) {
      if (!connection.isIdle) continue;
      connection.close();
      return true;
    }
    this.#againAtMs = nowMs + AGAIN_MS;
    return false;
  }
}
