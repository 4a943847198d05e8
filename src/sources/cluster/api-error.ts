// Why the API server did not do what was asked: its own answer (a Status object), or no answer at all. Every way to fail ends in one of
// these values, so that callers decide by `status` and `reason` and never look at exceptions.
import { isMap } from '../../resources/fields.ts';

export interface ApiError {
  /** HTTP status; 0 where no complete answer came. */
  readonly status: number;
  /**
   * `reason` of the Status object: `NotFound`, `Conflict`, `AlreadyExists`, `Expired`, ... With status 0 one of `Unreachable` (no
   * connection, or it broke), `Timeout`, `Aborted` (the caller's signal), `Unreadable` (not what the API may answer), `Credentials`
   * (they could not be read). Empty where the server gives none.
   */
  readonly reason: string;
  readonly message: string;
  /** From the Retry-After header, or `details.retryAfterSeconds`; at most a minute. */
  readonly retryAfterSeconds: number | undefined;
}

export type LocalReason = 'Unreachable' | 'Timeout' | 'Aborted' | 'Unreadable' | 'Credentials';

/** An error that the server did not send. */
export function localError(reason: LocalReason, message: string): ApiError {
  return { status: 0, reason, message, retryAfterSeconds: undefined };
}

/** API servers ask for a second. A proxy in front that asks for an hour must not make Portico blind for that long. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/** Reads a Status object (apimachinery `metav1.Status`), whether it came as an answer or inside an ERROR event of a watch. */
export function statusError(httpStatus: number, body: unknown, retryAfter?: string): ApiError {
  const status = isMap(body) ? body : {};
  const details = isMap(status['details']) ? status['details'] : {};
  const code = status['code'];
  const reason = status['reason'];
  const message = status['message'];
  const seconds = parseRetryAfter(retryAfter) ?? parseRetryAfter(details['retryAfterSeconds']);
  const known = typeof code === 'number' && code >= 400 ? code : httpStatus;
  return {
    status: known,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' && message !== '' ? message : `the API server answered with status ${known}`,
    retryAfterSeconds: seconds,
  };
}

/** The list or the version that was asked for is older than what the server still knows: list again. */
export function isExpired({ status, reason }: ApiError): boolean {
  return status === 410 || reason === 'Expired' || reason === 'Gone';
}

export function isAborted(error: ApiError): boolean {
  return error.reason === 'Aborted';
}

/** `403 Forbidden: ingresses is forbidden: ...`. */
export function formatApiError({ status, reason, message }: ApiError): string {
  const title = status === 0 ? reason : `${status} ${reason}`.trim();
  return `${title}: ${message}`;
}

/** Seconds; the date form is not used by the API server. */
function parseRetryAfter(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) : undefined;
}
