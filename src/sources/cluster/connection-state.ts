// Whether the API server answers, put together from all lists, watches and fetches: each has a name here and is failing or not. A break
// of a moment, as every restart of a watch may have one, is no news; only one that lasts is told, and then its end.
import type { ApiError } from './api-error.ts';

export interface ConnectionListener {
  /** It has been failing for a while. */
  readonly onAway: (error: ApiError) => void;
  readonly onBack: (awayMs: number) => void;
  /** A right is missing, and not only for a moment. Told once until it is there. */
  readonly onForbidden: (name: string, error: ApiError) => void;
  readonly onAllowed: (name: string) => void;
}

export interface ConnectionStateOptions extends ConnectionListener {
  readonly nowMs: () => number;
  readonly awayAfterMs: number;
}

/** With the pauses of a reflector, about three seconds. */
const REFUSALS = 5;

interface Failure {
  readonly error: ApiError;
  readonly sinceMs: number;
}

export class ConnectionState {
  readonly #options: ConnectionStateOptions;
  readonly #failing = new Map<string, Failure>();
  /** Refusals since the last contact. */
  readonly #refusals = new Map<string, { count: number; isTold: boolean }>();
  #timer: NodeJS.Timeout | undefined;
  #awaySinceMs: number | undefined;
  failureCount = 0;

  constructor(options: ConnectionStateOptions) {
    this.#options = options;
  }

  get isAway(): boolean {
    return this.#awaySinceMs !== undefined;
  }

  /** Something fails now, for whatever reason. */
  get isFailing(): boolean {
    return this.#failing.size > 0 || this.#refusals.size > 0;
  }

  contact(name: string): void {
    const refusal = this.#refusals.get(name);
    this.#refusals.delete(name);
    if (refusal?.isTold === true) this.#options.onAllowed(name);
    this.#failing.delete(name);
    if (this.#failing.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sinceMs = this.#awaySinceMs;
    this.#awaySinceMs = undefined;
    if (sinceMs !== undefined) this.#options.onBack(this.#options.nowMs() - sinceMs);
  }

  failure(name: string, error: ApiError): void {
    this.failureCount++;
    if (error.status === 403) {
      this.#refuse(name, error);
      return;
    }
    const sinceMs = this.#failing.get(name)?.sinceMs ?? this.#options.nowMs();
    this.#failing.set(name, { error, sinceMs });
    if (this.#awaySinceMs === undefined) this.#timer ??= setTimeout(() => this.#lookWhetherAway(), this.#options.awayAfterMs);
  }

  /** No longer asked for. */
  forget(name: string): void {
    if (this.#failing.has(name) || this.#refusals.has(name)) this.contact(name);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Rights may be missing for a moment after an API server started. An answer is an answer, so it is not away. */
  #refuse(name: string, error: ApiError): void {
    if (this.#failing.has(name)) this.contact(name);
    const refusal = this.#refusals.get(name) ?? { count: 0, isTold: false };
    refusal.count++;
    this.#refusals.set(name, refusal);
    if (refusal.isTold || refusal.count < REFUSALS) return;
    refusal.isTold = true;
    this.#options.onForbidden(name, error);
  }

  #lookWhetherAway(): void {
    this.#timer = undefined;
    const [oldest] = [...this.#failing.values()].sort((left, right) => left.sinceMs - right.sinceMs);
    if (oldest === undefined) return;
    this.#awaySinceMs = oldest.sinceMs;
    this.#options.onAway(oldest.error);
  }
}
