// What the access checks of all routes of one worker share: the thread for passwords, the answers of authentication services, and the key
// under which secrets are known by their digest.
import { createHmac, hash } from 'node:crypto';
import { LruMap } from '../../kit/lru.ts';
import type { UserList } from '../../model/policies/access.ts';
import { DecisionSlots } from '../limits/decision-slots.ts';
import { NonceCounts } from './nonce-counts.ts';
import { PasswordChecker } from './password-checker.ts';
import { SharedAuthCache } from './shared-auth-cache.ts';
import { UserTable } from './user-table.ts';

/** Made by the main thread, the same for all workers. */
export interface SharedAuthState {
  readonly cache: SharedArrayBuffer;
  readonly nonces: SharedArrayBuffer;
  /** Random text. Never printed, never logged. */
  readonly secret: string;
}

/** What an authentication service said. */
export interface AuthReply {
  /** 2xx, 401 or 403. */
  readonly status: number;
  /** Values of WWW-Authenticate. */
  readonly challenges: readonly string[];
  /** Values of Set-Cookie. */
  readonly cookies: readonly string[];
  /** How long the service lets the answer be kept; a large number where it says nothing. */
  readonly maxAgeMs: number;
  /** The fields that the route copies, as far as they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

interface KeptReply {
  readonly reply: AuthReply;
  /** On the epoch. */
  readonly untilMs: number;
}

const KEPT_REPLIES = 4096;

export class AuthServices {
  readonly passwords = new PasswordChecker();
  readonly nonces: NonceCounts;
  /** Of the requests that wait for authentication services. */
  readonly slots = new DecisionSlots();
  readonly #secret: string;
  readonly #tables = new WeakMap<UserList, UserTable>();
  readonly #replies = new LruMap<string, KeptReply>(KEPT_REPLIES);
  readonly #shared: SharedAuthCache;

  constructor({ cache, nonces, secret }: SharedAuthState) {
    this.nonces = new NonceCounts(nonces);
    this.#shared = new SharedAuthCache(cache);
    this.#secret = secret;
  }

  /** Keyed digest, SHA-256 in base64, for keys of maps: 0.6 to 1.3 us where an HMAC takes 1.8 to 2.8. Not to be shown to anybody. */
  digest(text: string): string {
    return hash('sha256', this.#secret + text, 'base64');
  }

  /** HMAC in base64, for what clients bring back. */
  sign(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64');
  }

  /** One table for each list: routes of one message from the main thread share their lists. */
  usersOf(list: UserList): UserTable {
    let table = this.#tables.get(list);
    if (table === undefined) this.#tables.set(list, (table = new UserTable(list, this.passwords)));
    return table;
  }

  /** `nowMs` on the epoch. */
  findReply(digest: string, nowMs: number): AuthReply | undefined {
    const kept = this.#replies.get(digest);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.reply;
    const shared = this.#shared.find(digest, nowMs);
    if (shared === undefined) return undefined;
    // Only workers write there.
    const reply: AuthReply = JSON.parse(shared.text);
    this.#replies.set(digest, { reply, untilMs: shared.untilMs });
    return reply;
  }

  keepReply(digest: string, reply: AuthReply, untilMs: number): void {
    this.#replies.set(digest, { reply, untilMs });
    this.#shared.store(digest, { text: JSON.stringify(reply), untilMs });
  }
}
