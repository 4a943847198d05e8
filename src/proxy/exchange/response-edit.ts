// What the response hooks of one response change about its head.
import type { MessageHead } from '../http1/message-head.ts';
import type { HeadEdit } from '../http1/response-writer.ts';
import type { ResponseView } from '../policies/policy.ts';
import { isSafeValue } from '../http1/safe-text.ts';
import type { PolicyRequest } from './policy-request.ts';

export class ResponseEdit implements ResponseView, HeadEdit {
  readonly request: PolicyRequest;
  readonly head: MessageHead | undefined;
  status: number;
  lines: string;
  dropped: ReadonlySet<string> | undefined;

  constructor(request: PolicyRequest, status: number, head: MessageHead | undefined) {
    this.request = request;
    this.status = status;
    this.head = head;
    this.lines = head === undefined ? '' : request.affinityCookieLine;
    this.dropped = undefined;
  }

  drop(name: string): void {
    this.dropAll(new Set([name]));
  }

  dropAll(names: ReadonlySet<string>): void {
    this.dropped = this.dropped === undefined ? names : new Set([...this.dropped, ...names]);
  }

  replace(names: ReadonlySet<string>): void {
    this.dropAll(names);
    if (this.lines === '') return;
    this.lines = withoutFields(this.lines, names);
  }

  namesWithPrefix(prefix: string): ReadonlySet<string> {
    const names = new Set<string>();
    for (let i = 0; i < (this.head?.fieldCount ?? 0); i++) names.add(this.head?.nameOf(i) ?? '');
    for (const line of this.lines.split('\r\n')) names.add(line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase());
    return new Set([...names].filter((name) => name.startsWith(prefix) && name !== ''));
  }

  add(name: string, value: string): void {
    if (isSafeValue(value)) this.lines += `${name}: ${value}\r\n`;
  }

  addLines(lines: string): void {
    this.lines += lines;
  }
}

/** `lines`: fields, each with its CRLF. */
export function withoutFields(lines: string, names: ReadonlySet<string>): string {
  const kept = lines.split('\r\n').filter((line) => line !== '' && !names.has(line.slice(0, line.indexOf(':')).toLowerCase()));
  return kept.map((line) => `${line}\r\n`).join('');
}
