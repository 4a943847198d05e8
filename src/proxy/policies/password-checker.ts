// Checks passwords against slow hashes on a thread of its own, which is started with the first one. Bounded: when too many wait, the
// others are told so at once, since a second of bcrypt for each request is what an attacker would ask for without end.
import { Worker } from 'node:worker_threads';
import type { SlowForm } from './password-hash.ts';
import type { PasswordAnswer, PasswordQuestion } from './password-thread.ts';

export type PasswordOutcome = 'match' | 'mismatch' | 'overloaded';

/** At 5 ms each the last one waits a second. */
const MAX_WAITING = 200;

export class PasswordChecker {
  readonly #waiting = new Map<number, (outcome: PasswordOutcome) => void>();
  #thread: Worker | undefined;
  #nextId = 0;

  /** `done` is called once, never during the call. */
  check(form: SlowForm, password: Buffer, done: (outcome: PasswordOutcome) => void): void {
    if (this.#waiting.size >= MAX_WAITING) {
      queueMicrotask(() => done('overloaded'));
      return;
    }
    const question: PasswordQuestion = { id: this.#nextId++, form, password };
    this.#waiting.set(question.id, done);
    this.#thread ??= this.#start();
    this.#thread.postMessage(question);
  }

  close(): void {
    void this.#thread?.terminate();
  }

  #start(): Worker {
    const isSource = import.meta.url.endsWith('.ts');
    const thread = new Worker(new URL(isSource ? './password-thread.ts' : './password-thread.js', import.meta.url), { name: 'passwords' });
    thread.unref();
    thread.on('message', ({ id, isMatch }: PasswordAnswer) => {
      const done = this.#waiting.get(id);
      this.#waiting.delete(id);
      done?.(isMatch ? 'match' : 'mismatch');
    });
    // 'exit' follows.
    thread.on('error', () => undefined);
    thread.on('exit', () => this.#onExit(thread));
    return thread;
  }

  /** Nobody who waits is let in. */
  #onExit(thread: Worker): void {
    if (this.#thread === thread) this.#thread = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const done of waiting) done('overloaded');
  }
}
