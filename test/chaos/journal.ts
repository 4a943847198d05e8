// What the test did lately: changes, breakages, kills, barriers, with their times, so that a wrong answer can be told from what went before.

const KEPT = 400;

export class Journal {
  readonly #lines: string[] = [];

  note(text: string): void {
    this.#lines.push(`${secondsNow()} s ${text}`);
    if (this.#lines.length > KEPT * 2) this.#lines.splice(0, KEPT);
  }

  /** The newest last. */
  recent(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }
}

/** Since the test began, as in all its messages. */
export function secondsNow(): string {
  return (performance.now() / 1000).toFixed(3);
}
