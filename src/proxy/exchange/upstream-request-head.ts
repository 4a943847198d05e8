// Puts together the head of the request to the upstream: from the client's head, what is known about the client, and what policies say.
import { BODY_CHUNKED } from '../http1/field-block.ts';
import type { MessageHead } from '../http1/message-head.ts';
import { appendRequestHead } from '../http1/request-writer.ts';
import type { OutBuffer } from '../out-buffer.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { ExchangeEntry } from './exchange-entry.ts';
import type { ForwardedCache } from './forwarded-cache.ts';
import type { ForwardedRequest } from './forwarded-fields.ts';
import type { PolicyRun } from './policy-run.ts';

/** In ` HTTP/1.1`, with which the forwarded lines begin. */
const MINOR_VERSION_AT = 8;
const DIGIT_0 = 0x30;

/** What is known about a request once its route is found. */
export interface MatchedRequest {
  readonly route: ProxyRoute;
  readonly hostText: string;
  readonly hostName: string;
  readonly path: string;
  readonly forwarded: ForwardedRequest;
  /** What to send upstream instead of the received target, or undefined. */
  readonly target: string | undefined;
}

export interface RequestHeadExtras {
  readonly policies: PolicyRun | undefined;
  /** The route's default backend takes the request instead of its Service. */
  readonly isFallback: boolean;
}

export class UpstreamRequestHead {
  readonly #context: WorkerContext;
  readonly #forwarded: ForwardedCache;
  readonly #entry: ExchangeEntry;

  constructor(context: WorkerContext, forwarded: ForwardedCache, entry: ExchangeEntry) {
    this.#context = context;
    this.#forwarded = forwarded;
    this.#entry = entry;
  }

  append(
    out: OutBuffer,
    head: MessageHead,
    { route, forwarded, target }: MatchedRequest,
    { policies, isFallback }: RequestHeadExtras,
  ): void {
    const upstreamHost = policies?.request.upstreamHost ?? route.upstreamHost ?? forwarded.host;
    const dropped = policies?.request.droppedRequestFields;
    const lines = this.#forwarded.linesFor(head, forwarded, upstreamHost, dropped);
    const linesAt = appendRequestHead(out, head, {
      target,
      lines: lines.bytes,
      extraLines:
        this.#forwarded.extraLinesFor(head, isFallback ? route : undefined) +
        (policies?.request.requestLines ?? '') +
        (head.isWebSocket ? '' : route.connectionLine),
      isPeerTrusted: this.#forwarded.isPeerTrusted,
      keepsUnderscores: this.#context.settings.underscoresInHeaders,
      replacedName: this.#forwarded.replacedName,
      dropped: dropped === undefined ? undefined : withDashes(dropped),
    });
    // HTTP/1.0 knows neither chunks nor upgrades.
    if (route.proxy.isHttp10 === true && head.body !== BODY_CHUNKED && !head.isWebSocket) out.bytes[linesAt + MINOR_VERSION_AT] = DIGIT_0;
    this.#writeRequestId(head, out.bytes, linesAt, lines.idOffset);
  }

  #writeRequestId(head: MessageHead, bytes: Buffer, linesAt: number, idOffset: number): void {
    const entry = this.#entry;
    if (head.requestIdField >= 0) {
      entry.requestId = head.valueOf(head.requestIdField);
    } else if (idOffset >= 0) {
      const at = linesAt + idOffset;
      // A policy has asked for it already.
      if (entry.requestId !== '') {
        bytes.latin1Write(entry.requestId, at);
        return;
      }
      this.#context.requestIds.write(bytes, at);
      // Only the log asks for the text.
      if (this.#context.accessLog.isEnabled) entry.requestId = bytes.latin1Slice(at, at + 32);
    }
  }
}

/** A name that is set with underscores keeps the client from sending it with dashes. */
function withDashes(names: ReadonlySet<string>): ReadonlySet<string> {
  for (const name of names) if (name.includes('_')) return new Set([...names, ...Array.from(names, (other) => other.replaceAll('_', '-'))]);
  return names;
}
