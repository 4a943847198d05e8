// Answers that say no: Status objects as kube-apiserver writes them.
import type { ResourceKind } from './resource-kinds.ts';

/** Thrown wherever a request cannot be answered; the server turns it into the response. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    extra: { details?: Readonly<Record<string, unknown>>; retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = extra.details ?? {};
    this.retryAfterSeconds = extra.retryAfterSeconds;
  }

  status(): Readonly<Record<string, unknown>> {
    const { code, reason, message, details, retryAfterSeconds } = this;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      details: retryAfterSeconds === undefined ? details : { ...details, retryAfterSeconds },
      code,
    };
  }
}

export function notFound(kind: ResourceKind, name: string): ApiFailure {
  return new ApiFailure(404, 'NotFound', `${qualified(kind)} "${name}" not found`, { details: detailsOf(kind, name) });
}

export function alreadyExists(kind: ResourceKind, name: string): ApiFailure {
  return new ApiFailure(409, 'AlreadyExists', `${qualified(kind)} "${name}" already exists`, { details: detailsOf(kind, name) });
}

export function conflict(kind: ResourceKind, name: string, problem: string): ApiFailure {
  const message = `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${problem}`;
  return new ApiFailure(409, 'Conflict', message, { details: detailsOf(kind, name) });
}

export function invalid(kind: ResourceKind, name: string, problem: string): ApiFailure {
  return new ApiFailure(422, 'Invalid', `${kind.kind}.${kind.group} "${name}" is invalid: ${problem}`, { details: detailsOf(kind, name) });
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

export function expired(message: string): ApiFailure {
  return new ApiFailure(410, 'Expired', message);
}

export function unauthorized(): ApiFailure {
  return new ApiFailure(401, 'Unauthorized', 'Unauthorized');
}

export function tooManyRequests(retryAfterSeconds: number): ApiFailure {
  const message = 'too many requests, please try again later';
  return new ApiFailure(429, 'TooManyRequests', message, { retryAfterSeconds });
}

function qualified({ plural, group }: ResourceKind): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function detailsOf({ group, plural }: ResourceKind, name: string): Readonly<Record<string, unknown>> {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}
