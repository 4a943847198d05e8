// The users of one Secret, and who of them has shown a good password lately. A password that was checked is known by a keyed digest for a
// short while, so that a slow hash is worked out once and not with every request; the password itself is not kept.
import { LruMap } from '../../kit/lru.ts';
import type { UserList } from '../../model/policies/access.ts';
import { parsePasswordHash, type PasswordHashForm } from '../../model/policies/password-hash.ts';
import { isSlow, matchesFast } from './password-hash.ts';
import type { PasswordChecker, PasswordOutcome } from './password-checker.ts';

/** A change of the Secret makes a new table, so this only bounds how long a password stays known without being asked for again. */
const KNOWN_MS = 60_000;
const KNOWN_CAPACITY = 4096;

interface KnownUser {
  readonly user: string;
  /** On the worker's clock. */
  readonly untilMs: number;
}

type Listener = (outcome: PasswordOutcome) => void;

export class UserTable {
  readonly #forms = new Map<string, PasswordHashForm | undefined>();
  readonly #known = new LruMap<string, KnownUser>(KNOWN_CAPACITY);
  /** Checks under way, by digest: equal requests wait for the same one. */
  readonly #checking = new Map<string, Set<Listener>>();
  readonly #passwords: PasswordChecker;

  constructor({ entries }: UserList, passwords: PasswordChecker) {
    this.#passwords = passwords;
    for (const [user, secret] of entries) {
      if (!this.#forms.has(user)) this.#forms.set(user, parsePasswordHash(secret));
    }
  }

  /** The user whose password was found good lately. `digest`: of the credentials. */
  findKnown(digest: string, nowMs: number): KnownUser | undefined {
    const known = this.#known.get(digest);
    return known !== undefined && known.untilMs > nowMs ? known : undefined;
  }

  /** Undefined: the answer takes a while, ask `checkSlow`. */
  checkFast(user: string, password: Buffer): boolean | undefined {
    const form = this.#forms.get(user);
    if (form === undefined) return false;
    return isSlow(form) ? undefined : matchesFast(form, password);
  }

  noteMatch(digest: string, user: string, nowMs: number): void {
    this.#known.set(digest, { user, untilMs: nowMs + KNOWN_MS });
  }

  /** `listener` is called once, later, unless the returned function was called before. */
  checkSlow(digest: string, user: string, password: Buffer, listener: Listener): () => void {
    const waiting = this.#checking.get(digest) ?? new Set();
    waiting.add(listener);
    if (waiting.size === 1 && !this.#checking.has(digest)) {
      this.#checking.set(digest, waiting);
      this.#ask(digest, user, password);
    }
    return () => waiting.delete(listener);
  }

  #ask(digest: string, user: string, password: Buffer): void {
    const done = (outcome: PasswordOutcome): void => {
      const waiting = this.#checking.get(digest);
      this.#checking.delete(digest);
      for (const listener of waiting ?? []) listener(outcome);
    };
    const form = this.#forms.get(user);
    if (form === undefined || !isSlow(form)) queueMicrotask(() => done('mismatch'));
    else this.#passwords.check(form, password, done);
  }
}
