// When the program is asked to end: by SIGTERM, or by Ctrl-C. A second signal means at once, but not one that comes together with the
// first: the terminal tells Ctrl-C to all programs in front, and npm passes it on once more.
import type { Logger } from 'pino';

export interface Shutdown {
  readonly isAsked: boolean;
  readonly whenAsked: Promise<NodeJS.Signals>;
  readonly whenAskedAgain: Promise<void>;
  /** Waits, but not after a second signal. */
  sleep(ms: number): Promise<void>;
  dispose(): void;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const SAME_SIGNAL_MS = 200;

export function watchSignals(log: Logger): Shutdown {
  const first = Promise.withResolvers<NodeJS.Signals>();
  const second = Promise.withResolvers<void>();
  let isAsked = false;
  let askedAtMs = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (isAsked) {
      if (nowMs - askedAtMs < SAME_SIGNAL_MS) return;
      log.warn(`${signal} again: ending now`);
      second.resolve();
    }
    isAsked = true;
    askedAtMs = nowMs;
    first.resolve(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    get isAsked() {
      return isAsked;
    },
    whenAsked: first.promise,
    whenAskedAgain: second.promise,
    async sleep(ms) {
      if (ms <= 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      await Promise.race([promise, second.promise]);
      clearTimeout(timer);
    },
    dispose() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
