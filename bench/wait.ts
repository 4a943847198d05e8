// Waiting for a program to become what it should be.
import { setTimeout as delay } from 'node:timers/promises';
import type { ManagedProcess } from './processes.ts';

export interface Wait {
  /** For the error message. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly pollMs: number;
  /** If this ends, there is nothing left to wait for. */
  readonly process: ManagedProcess;
  /** True: done. False or a rejection: try again. */
  readonly check: () => Promise<boolean>;
}

/** Polls until the check holds. Throws with the last output of the program if it ends or does not get there in time. */
export async function waitFor({ what, timeoutMs, pollMs, process, check }: Wait): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await check().catch(() => false)) {
      return;
    }
    if (!process.isRunning()) {
      throw new Error(`${what} ended: ${process.lastWord()}`);
    }
    await delay(pollMs);
  }
  throw new Error(`${what} did not become ready within ${timeoutMs / 1000} s: ${process.lastWord()}`);
}
