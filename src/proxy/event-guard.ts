// The error boundary of what the event loop calls: a fault in what one event causes ends what it belongs to and is reported; the worker and
// all its other connections go on. Without it the thread would die, and with it every connection that it carries.
import type { WorkerContext } from './worker-context.ts';

export type GuardContext = Pick<WorkerContext, 'out' | 'reportFault'>;

/** Runs `event`. `onFault` ends what it belongs to; it is called once for each fault. */
export function guardEvent(context: GuardContext, onFault: () => void, event: () => void): void {
  try {
    event();
  } catch (error) {
    endAfterFault(context, onFault, error);
  }
}

/** What was put together is nobody's any more: the out buffer belongs to all connections. */
export function endAfterFault({ out, reportFault }: GuardContext, onFault: () => void, error: unknown): void {
  out.length = 0;
  reportFault(error);
  try {
    onFault();
  } catch (second) {
    reportFault(second);
  }
  out.length = 0;
}
