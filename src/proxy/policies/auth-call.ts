// One request to an authentication service about one request of a client. It carries the client's head without its body, so that the
// service sees what the backend would see, and ends as soon as the head of the answer is there.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { UpstreamAttempt } from '../../observe/exchange-record.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { CallOwner } from '../exchange/upstream-call.ts';
import { UpstreamCall } from '../exchange/upstream-call.ts';
import type { RetryRules } from '../exchange/retry-rules.ts';
import type { ProxyParameters } from '../../model/route.ts';
import type { UpstreamGroup } from '../upstream/upstream-group.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { AuthRecord } from './auth-record.ts';
import type { AuthReply } from './auth-services.ts';

/** An answer whose body is longer is not worth its connection. */
const MAX_BODY_BYTES = 64 * 1024;

export interface AuthCallOptions {
  readonly group: UpstreamGroup;
  readonly method: string;
  readonly proxy: ProxyParameters;
  readonly retry: RetryRules;
  /** Names of the fields to take from the answer, as the route writes them. */
  readonly responseHeaders: readonly string[];
}

/**
 * `unavailable`: no answer, or 5xx. `unusable`: one that says neither yes nor no (nginx's auth_request: everything but 2xx, 401 and 403).
 */
export type AuthOutcome = AuthReply | 'unavailable' | 'unusable';

export class AuthCall implements CallOwner {
  readonly isReaderPending = false;
  readonly #call: UpstreamCall;
  readonly #options: AuthCallOptions;
  readonly #record: AuthRecord | undefined;
  #done: ((outcome: AuthOutcome) => void) | undefined;
  #bodyBytes = 0;

  /** `record`: where the call is logged. */
  constructor(context: WorkerContext, options: AuthCallOptions, record: AuthRecord | undefined) {
    this.#call = new UpstreamCall(context, this);
    this.#options = options;
    this.#record = record;
  }

  /** The request head is appended here before `start`. */
  get out(): UpstreamCall['out'] {
    return this.#call.out;
  }

  /** `done` is called once, never during the call, unless `cancel` comes first. */
  start(done: (outcome: AuthOutcome) => void): void {
    const { group, proxy, retry, method } = this.#options;
    let isStarting = true;
    this.#done = (outcome) => {
      if (isStarting) queueMicrotask(() => done(outcome));
      else done(outcome);
    };
    this.#call.start({ group, proxy, retry, method, isChunked: false, isComplete: true, pick: undefined });
    isStarting = false;
  }

  cancel(): void {
    this.#done = undefined;
    this.#giveUp();
  }

  /** The line of the client's request tells about its own attempts only, as in ingress-nginx. */
  onAttemptEnd(attempt: UpstreamAttempt): void {
    this.#record?.addAttempt(attempt);
  }

  onInterimResponse(): void {
    // Nobody waits for one.
  }

  onSwitchingProtocols(): boolean {
    return false;
  }

  onResponseHead(head: MessageHead): boolean {
    this.#finish(readReply(head, this.#options.responseHeaders));
    return true;
  }

  /** The body is of no interest, but the connection is: it can be used again once the body is over. */
  onResponseBody(_buffer: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#bodyBytes > MAX_BODY_BYTES) this.#giveUp();
  }

  onResponsePause(): void {
    // The reader is never behind.
  }

  onResponseEnd(): void {
    this.#call.release();
    this.#record?.end(undefined);
  }

  onTunnelBytes(): void {
    // Never switched.
  }

  onTunnelEnd(): void {
    // Never switched.
  }

  onCallFailure(code: ErrorCode): void {
    this.#call.release();
    this.#record?.end(code);
    this.#finish('unavailable');
  }

  pauseRequestBody(): void {
    // There is no body.
  }

  resumeRequestBody(): void {
    // There is no body.
  }

  #finish(outcome: AuthOutcome): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(outcome);
  }

  #giveUp(): void {
    if (!this.#call.isActive) return;
    this.#call.abort();
    this.#call.release();
    this.#record?.end(undefined);
  }
}

function readReply(head: MessageHead, names: readonly string[]): AuthOutcome {
  const { status } = head;
  if ((status < 200 || status > 299) && status !== 401 && status !== 403) return status < 500 ? 'unusable' : 'unavailable';
  const fields: [string, string][] = [];
  for (const name of names) {
    const value = head.valueOfName(name.toLowerCase());
    if (value !== undefined) fields.push([name, value]);
  }
  const maxAgeMs = readMaxAge(head.valueOfName('cache-control'));
  return { status, challenges: head.valuesOfName('www-authenticate'), cookies: head.valuesOfName('set-cookie'), fields, maxAgeMs };
}

/** nginx's cache heeds these too; the cookies of an answer do not keep it out. */
function readMaxAge(cacheControl: string | undefined): number {
  if (cacheControl === undefined) return Number.MAX_SAFE_INTEGER;
  if (/(?:^|[\s,])(?:no-cache|no-store|private)(?:$|[\s,=])/i.test(cacheControl)) return 0;
  const seconds = /(?:^|[\s,])s-maxage=(\d{1,9})/i.exec(cacheControl)?.[1] ?? /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl)?.[1];
  return seconds === undefined ? Number.MAX_SAFE_INTEGER : Number(seconds) * 1000;
}
