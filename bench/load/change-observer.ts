// Watches one change become live: asks on fresh connections, which the kernel spreads over the workers, until a row of answers is new. The change
// was live when the first answer after the last old one came.
import { setTimeout as delay } from 'node:timers/promises';
import { changedBody, smallBody } from '../workload.ts';
import { probe } from './probe.ts';

export interface Observation {
  /** From `since` to the first answer that was not followed by an old one. Infinity: it did not become live in time. */
  readonly liveMs: number;
  /** Probes that got no answer, or another one than before or after the change. */
  readonly failedProbes: number;
}

export interface ObservedChange {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** Time of `performance.now()` just before the change was made. */
  readonly since: number;
}

const wantedNewAnswers = 8;
const timeoutMs = 30_000;

export async function observeChange({ port, host, path, since }: ObservedChange): Promise<Observation> {
  let newAnswers = 0;
  let firstNewAt = 0;
  let failedProbes = 0;
  while (newAnswers < wantedNewAnswers) {
    const answer = await probe({ port, host, path }).catch(() => undefined);
    const now = performance.now();
    const isNew = answer?.status === 200 && answer.body === changedBody;
    if (isNew) {
      firstNewAt = newAnswers === 0 ? now : firstNewAt;
      newAnswers += 1;
      continue;
    }
    newAnswers = 0;
    failedProbes += answer?.status === 200 && answer.body === smallBody ? 0 : 1;
    if (now - since > timeoutMs) {
      return { liveMs: Number.POSITIVE_INFINITY, failedProbes };
    }
    const pause = pauseMs(now - since);
    if (pause > 0) {
      await delay(pause);
    }
  }
  return { liveMs: firstNewAt - since, failedProbes };
}

/**
 * One probe after the other where a fast change is decided, for a timer would only add its own millisecond; coarse steps while a slow change is waited
 * for, so that probes do not become the load.
 */
function pauseMs(waitedMs: number): number {
  if (waitedMs < 5) {
    return 0;
  }
  if (waitedMs < 50) {
    return 1;
  }
  return waitedMs < 500 ? 5 : 20;
}
