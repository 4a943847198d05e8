// The way of a response body from the upstream to the client: straight, or through the filters that its route and the settings ask for.
import { tmpdir } from 'node:os';
import type { BodyBuffer } from '../../model/policies/buffering.ts';
import type { Bandwidth } from '../../model/policies/rate-limits.ts';
import type { ContentCoding } from '../../model/policies/compression.ts';
import { guardEvent } from '../event-guard.ts';
import { BufferedBody } from '../filters/buffered-body.ts';
import type { CompressionPlan } from '../filters/compression.ts';
import { PacedBody } from '../filters/paced-body.ts';
import type { BodySink, FilterEvents, ResponseFilter } from '../filters/response-filter.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { HeadEdit } from '../http1/response-writer.ts';
import type { ProxyRoute } from '../proxy-route.ts';
import type { WorkerContext } from '../worker-context.ts';
import type { Downstream } from './downstream.ts';

export interface ResponseBodyEvents {
  /** The upstream may send more. */
  readonly onReady: () => void;
  /** The whole body was given to the client. */
  readonly onEnd: (trailers: string) => void;
  readonly onFailure: () => void;
}

const NO_CODINGS: readonly ContentCoding[] = [];

export class ResponseBody {
  readonly #context: WorkerContext;
  readonly #client: Downstream;
  readonly #events: ResponseBodyEvents;
  readonly #clientSink: BodySink;
  /** From the client's end to the upstream's. */
  #filters: ResponseFilter[] = [];
  #accepted = NO_CODINGS;
  #bandwidth: Bandwidth | null = null;
  #buffer: BodyBuffer | null = null;

  constructor(context: WorkerContext, client: Downstream, events: ResponseBodyEvents) {
    this.#context = context;
    this.#client = client;
    this.#events = events;
    this.#clientSink = {
      get isFull() {
        return client.pendingBytes > 0;
      },
      write: (buffer, start, end, isStable) => client.sendBody(buffer, start, end, isStable),
      flush: () => client.flush(),
      end: () => events.onEnd(''),
    };
  }

  get isFull(): boolean {
    return (this.#first ?? this.#clientSink).isFull;
  }

  /** Takes what the upstream sends; undefined: no filters. */
  get #first(): ResponseFilter | undefined {
    return this.#filters.at(-1);
  }

  /** A request begins: notes what its client takes. */
  begin(head: MessageHead, { isUncompressed, proxy: { bandwidth, responseBuffer } }: ProxyRoute): void {
    const { compression } = this.#context;
    this.#bandwidth = bandwidth;
    this.#buffer = responseBuffer;
    if (compression !== undefined) this.#accepted = isUncompressed ? NO_CODINGS : compression.acceptedBy(head);
  }

  /** What compression changes about the head of the upstream's response; undefined: nothing. */
  planFor(head: MessageHead): CompressionPlan | undefined {
    return this.#context.compression?.plan(head, this.#accepted);
  }

  /** Sets up the filters of a response that has a body: first the one next to the client, last the one next to the upstream. */
  open(plan: CompressionPlan | undefined): void {
    const bandwidth = this.#bandwidth;
    const buffer = this.#buffer;
    if (bandwidth !== null) this.#add((sink, events) => new PacedBody(this.#context, bandwidth, sink, events));
    if (plan?.open !== undefined) this.#add(plan.open);
    if (buffer === null) return;
    const { bodies } = this.#context;
    this.#add((sink, events) => new BufferedBody({ ...buffer, directory: tmpdir() }, bodies, sink, events));
  }

  /** Puts a filter between the upstream and those that are there. */
  #add(open: (sink: BodySink, events: FilterEvents) => ResponseFilter): void {
    const place = this.#filters.length;
    const { onFailure } = this.#events;
    const guard = (event: () => void): void => guardEvent(this.#context, onFailure, event);
    const onReady = (): void => {
      const before = this.#filters[place + 1];
      if (before === undefined) this.#events.onReady();
      else before.onReady();
    };
    this.#filters.push(open(this.#filters[place - 1] ?? this.#clientSink, { onReady, onFailure, guard }));
  }

  write(buffer: Buffer, start: number, end: number, isStable: boolean): void {
    if (this.#first === undefined) this.#client.sendBody(buffer, start, end, isStable);
    // A filter keeps what it is given for longer than until the next read.
    else this.#first.write(buffer, start, end, false);
  }

  flush(): void {
    this.#first?.flush();
    // A filter may keep the body; the head must not wait for it: it lies in memory that belongs to all clients.
    this.#client.flush();
  }

  end(trailers: string): void {
    if (this.#first === undefined) return this.#events.onEnd(trailers);
    this.#first.end();
    // Not over yet: what was put together leaves all the same (see `flush`).
    if (this.#first !== undefined) this.#client.flush();
  }

  /** The client has taken what was sent. */
  onClientFlushed(): void {
    const [last] = this.#filters;
    if (last === undefined) this.#events.onReady();
    else if (this.#client.pendingBytes === 0) last.onReady();
  }

  /** The exchange is over. */
  reset(): void {
    for (const filter of this.#filters) filter.destroy();
    if (this.#filters.length > 0) this.#filters = [];
    this.#accepted = NO_CODINGS;
    this.#bandwidth = null;
    this.#buffer = null;
  }
}

/** Two edits as one. */
export function joinEdits(first: HeadEdit | undefined, second: HeadEdit | undefined): HeadEdit | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const dropped =
    first.dropped === undefined || second.dropped === undefined ? (first.dropped ?? second.dropped) : first.dropped.union(second.dropped);
  return { lines: first.lines + second.lines, dropped };
}
