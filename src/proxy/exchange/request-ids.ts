// Request ids as ingress-nginx makes them: 32 hexadecimal digits of randomness.
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
const IDS_PER_FILL = 512;

/** Draws randomness for many ids at once: asking the kernel for each one costs more than the rest of a small request's head. */
export class RequestIds {
  readonly #random = Buffer.allocUnsafeSlow(ID_BYTES * IDS_PER_FILL);
  readonly #digits = Buffer.allocUnsafeSlow(ID_BYTES * 2 * IDS_PER_FILL);
  #next = IDS_PER_FILL;

  /** A new id as text. */
  create(): string {
    const start = this.#take();
    return this.#digits.latin1Slice(start, start + ID_BYTES * 2);
  }

  /** Writes the digits of a new id at `target[at]`. */
  write(target: Buffer, at: number): void {
    const start = this.#take();
    this.#digits.copy(target, at, start, start + ID_BYTES * 2);
  }

  #take(): number {
    if (this.#next === IDS_PER_FILL) {
      randomFillSync(this.#random);
      this.#digits.latin1Write(this.#random.toString('hex'));
      this.#next = 0;
    }
    return this.#next++ * ID_BYTES * 2;
  }
}
