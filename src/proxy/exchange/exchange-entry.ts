// The record of the exchange under way on one connection: filled as the exchange proceeds, handed to metrics and log when it ends.
import type { ErrorCode } from '../../model/error-codes.ts';
import type { RouteLabels } from '../../model/route.ts';
import type { ExchangeRecord, UpstreamAttempt } from '../../observe/exchange-record.ts';

const NO_LABELS: RouteLabels = { namespace: '', ingress: '', service: '', servicePort: '', path: '' };
const NO_ATTEMPTS: readonly UpstreamAttempt[] = [];

export class ExchangeEntry implements ExchangeRecord {
  labels: RouteLabels = NO_LABELS;
  host = '';
  isHostDefined = false;
  isDefaultBackend = false;
  isLogged = true;
  errorCode: ErrorCode | undefined;
  clientAddress = '';
  clientPort = 0;
  method = '';
  target = '';
  protocol: ExchangeRecord['protocol'] = 'HTTP/1.1';
  scheme: ExchangeRecord['scheme'] = 'http';
  remoteUser = '';
  requestId = '';
  status = 0;
  requestBytes = 0;
  sentBytes = 0;
  sentBodyBytes = 0;
  startedAtMs = 0;
  durationSeconds = 0;
  upstreamName = '';
  alternativeUpstreamName = '';
  attempts: readonly UpstreamAttempt[] = NO_ATTEMPTS;
  /** Heads as they went to the upstream and to the client, for log formats that name fields; undefined where there was none. */
  requestHead: Buffer | undefined;
  responseHead: string | undefined;

  /** Forgets the last exchange; what belongs to the connection stays. */
  reset(): void {
    this.labels = NO_LABELS;
    this.host = '';
    this.isHostDefined = false;
    this.isDefaultBackend = false;
    this.isLogged = true;
    this.errorCode = undefined;
    this.method = '';
    this.target = '';
    this.requestId = '';
    this.status = 0;
    this.requestBytes = 0;
    this.sentBytes = 0;
    this.sentBodyBytes = 0;
    this.upstreamName = '';
    this.attempts = NO_ATTEMPTS;
    this.requestHead = undefined;
    this.responseHead = undefined;
  }

  addAttempt(attempt: UpstreamAttempt): void {
    this.attempts = this.attempts.length === 0 ? [attempt] : [...this.attempts, attempt];
  }

  requestHeader(name: string): string {
    return findField(this.requestHead?.toString('latin1'), name);
  }

  responseHeader(name: string): string {
    return findField(this.responseHead, name);
  }
}

/** All values of a field in a head that Portico wrote itself, joined with `, `. */
function findField(head: string | undefined, name: string): string {
  if (head === undefined) return '';
  const values: string[] = [];
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).toLowerCase() === name) values.push(line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
  }
  return values.join(', ');
}
