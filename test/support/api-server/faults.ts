// What goes wrong on purpose. Each fault says which requests it hits and what they are answered; the first one that fits counts.
import { ApiFailure } from './api-status.ts';
import type { Attributes, User } from './access.ts';

export interface Fault {
  /** Absent: any. */
  readonly verbs?: readonly string[];
  /** Plural; absent: any. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly user?: string;
  readonly status: number;
  /** Absent: what belongs to the status. */
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
  /** How often; absent: until it is removed. */
  readonly times?: number;
  /** Waits before it answers. */
  readonly delayMs?: number;
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export class Faults {
  readonly #faults: { readonly fault: Fault; left: number }[] = [];

  /** Answers with what removes it. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Infinity };
    this.#faults.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  take({ verb, resource, namespace }: Attributes, user: User): Fault | undefined {
    const entry = this.#faults.find(
      ({ fault, left }) =>
        left > 0 &&
        (fault.verbs?.includes(verb) ?? true) &&
        (fault.resource ?? resource) === resource &&
        (fault.namespace ?? namespace) === namespace &&
        (fault.user ?? user.name) === user.name,
    );
    if (entry === undefined) return undefined;
    entry.left--;
    return entry.fault;
  }
}

export function failureOf({ status, reason = reasons[status] ?? '', retryAfterSeconds }: Fault, attributes: Attributes): ApiFailure {
  const about = `${attributes.verb} ${attributes.resource}`;
  return new ApiFailure(status, reason, `${about} fails on purpose`, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

export function forbidden({ verb, group, resource, namespace, name }: Attributes, user: User): ApiFailure {
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const object = name === '' ? qualified : `${qualified} "${name}"`;
  const message = `${object} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`;
  return new ApiFailure(403, 'Forbidden', message, { details: { kind: resource, ...(group === '' ? {} : { group }) } });
}
