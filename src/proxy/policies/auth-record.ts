// The line of the access log about a request to an authentication service (`enable-auth-access-log`). As in nginx, where it is a subrequest,
// it tells about the client's request, with the status, upstream and times of its own.
import type { ErrorCode } from '../../model/error-codes.ts';
import { errorCodes } from '../../model/error-codes.ts';
import type { UpstreamAttempt } from '../../observe/exchange-record.ts';
import { ExchangeEntry } from '../exchange/exchange-entry.ts';
import type { PolicyRequest } from '../exchange/policy-request.ts';
import type { WorkerContext } from '../worker-context.ts';

/** The client went before there was an answer, as nginx says it. */
const CLIENT_GONE = 499;

export class AuthRecord {
  readonly #entry = new ExchangeEntry();
  readonly #context: WorkerContext;
  readonly #startMs: number;
  #isOver = false;

  /** Copies what it needs: the request may be over before the call is. */
  constructor(request: PolicyRequest) {
    const { context, entry, route } = request;
    const own = this.#entry;
    own.labels = entry.labels;
    own.host = entry.host;
    own.isHostDefined = entry.isHostDefined;
    own.clientAddress = entry.clientAddress;
    own.clientPort = entry.clientPort;
    own.method = entry.method;
    own.target = entry.target;
    own.protocol = entry.protocol;
    own.scheme = entry.scheme;
    own.remoteUser = entry.remoteUser;
    own.requestId = request.requestId;
    own.requestBytes = entry.requestBytes;
    own.startedAtMs = performance.timeOrigin + context.nowMs;
    own.upstreamName = route.upstream?.name ?? '';
    own.connection = entry.connection;
    own.requestHead.keep(request.head);
    this.#context = context;
    this.#startMs = context.nowMs;
  }

  addAttempt(attempt: UpstreamAttempt): void {
    this.#entry.addAttempt(attempt);
  }

  /** The call is over, `code` being why it failed; only the first end counts. */
  end(code: ErrorCode | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const entry = this.#entry;
    entry.errorCode = code;
    const answered = entry.attempts.at(-1)?.status ?? 0;
    entry.status = code !== undefined ? errorCodes[code].status : answered > 0 ? answered : CLIENT_GONE;
    entry.durationSeconds = (this.#context.nowMs - this.#startMs) / 1000;
    this.#context.accessLog.observe(entry);
  }
}
