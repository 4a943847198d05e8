// Waiting for a condition that another process brings about.
import { setTimeout as delay } from 'node:timers/promises';

/** How long a test waits for what must come: costs nothing where it comes, and a machine may be slow and busy with other things. */
export const PATIENCE_MS = 60_000;

/** Calls `attempt` every `everyMs` until it gives a value; undefined once `timeoutMs` have passed. */
export async function poll<T>(
  options: { readonly timeoutMs: number; readonly everyMs: number },
  attempt: () => Promise<T | undefined> | T | undefined,
): Promise<T | undefined> {
  const endMs = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
    if (performance.now() >= endMs) return undefined;
    await delay(options.everyMs);
  }
}
