// Which gauge counts a client connection now: it is always in exactly one of reading, writing and waiting (nginx's stub_status).
import { type WorkerCounter, type WorkerCounters, workerCounter } from '../../observe/worker-counters.ts';

export class ConnectionGauge {
  readonly #counters: WorkerCounters;
  #activity: WorkerCounter = workerCounter.readingNow;

  constructor(counters: WorkerCounters) {
    this.#counters = counters;
    counters.add(workerCounter.connectionsNow, 1);
    counters.add(this.#activity, 1);
  }

  set(activity: 'reading' | 'writing' | 'waiting'): void {
    const next =
      activity === 'reading' ? workerCounter.readingNow : activity === 'writing' ? workerCounter.writingNow : workerCounter.waitingNow;
    if (next === this.#activity) return;
    this.#counters.add(this.#activity, -1);
    this.#counters.add(next, 1);
    this.#activity = next;
  }

  end(): void {
    this.#counters.add(workerCounter.connectionsNow, -1);
    this.#counters.add(this.#activity, -1);
  }
}
