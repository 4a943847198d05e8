// What a source says, as a whole list each time. Sources hand over the same list while nothing changed in it, so that what stands costs nothing.
import type { Diagnostic } from '../model/diagnostic.ts';
import { formatOrigin } from '../model/origin.ts';

export class DiagnosticList {
  #current: readonly Diagnostic[] = [];
  /** The list of which `#known` are the texts. */
  #taken: readonly Diagnostic[] = this.#current;
  #known: ReadonlySet<string> = new Set();

  get current(): readonly Diagnostic[] {
    return this.#current;
  }

  replace(list: readonly Diagnostic[]): void {
    this.#current = list;
  }

  /** Those that were not in the list at the last call. */
  takeNew(): readonly Diagnostic[] {
    if (this.#taken === this.#current) return [];
    this.#taken = this.#current;
    const before = this.#known;
    const texts = this.#current.map(describe);
    this.#known = new Set(texts);
    return this.#current.filter((_, index) => !before.has(texts[index] ?? ''));
  }
}

function describe({ code, origin, message }: Diagnostic): string {
  return `${code} ${formatOrigin(origin)} ${message}`;
}
