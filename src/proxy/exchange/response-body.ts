// The way of a response body from the upstream to the client: straight, or through the filters that its route and the settings ask for.
import type { Bandwidth } from '../../model/policies/rate-limits.ts';
import type { ContentCoding } from '../../model/policies/compression.ts';
import type { CompressionPlan } from '../filters/compression.ts';
import { PacedBody } from '../filters/paced-body.ts';
import type { BodySink, ResponseFilter } from '../filters/response-filter.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { HeadEdit } from '../http1/response-writer.ts';
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
  /** The first takes what the upstream sends; undefined: no filters. */
  #first: ResponseFilter | undefined;
  /** The one in front of the client. */
  #last: ResponseFilter | undefined;
  #accepted = NO_CODINGS;
  #bandwidth: Bandwidth | undefined;

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

  get isFiltered(): boolean {
    return this.#first !== undefined;
  }

  get isFull(): boolean {
    return this.#first === undefined ? this.#client.pendingBytes > 0 : this.#first.isFull;
  }

  /** A request begins: notes what its client takes. */
  begin(head: MessageHead, bandwidth: Bandwidth | undefined): void {
    const { compression } = this.#context;
    this.#bandwidth = bandwidth;
    if (compression !== undefined) this.#accepted = compression.acceptedBy(head);
  }

  /** What compression changes about the head of the upstream's response; undefined: nothing. */
  planFor(head: MessageHead): CompressionPlan | undefined {
    return this.#context.compression?.plan(head, this.#accepted);
  }

  /** Sets the filters of a response that has a body up. */
  open(plan: CompressionPlan | undefined): void {
    let sink = this.#clientSink;
    const { onFailure, onReady } = this.#events;
    if (this.#bandwidth !== undefined) {
      const paced: ResponseFilter = new PacedBody(this.#context, this.#bandwidth, sink, {
        onReady: () => (this.#first === paced ? onReady() : this.#first?.onReady()),
        onFailure,
      });
      sink = this.#first = this.#last = paced;
    }
    if (plan?.open !== undefined) {
      this.#first = plan.open(sink, { onReady, onFailure });
      this.#last ??= this.#first;
    }
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
    if (this.#last === undefined) this.#events.onReady();
    else if (this.#client.pendingBytes === 0) this.#last.onReady();
  }

  /** The exchange is over. */
  reset(): void {
    this.#first?.destroy();
    if (this.#last !== this.#first) this.#last?.destroy();
    this.#first = undefined;
    this.#last = undefined;
    this.#accepted = NO_CODINGS;
    this.#bandwidth = undefined;
  }
}

/** Two edits as one. */
export function joinEdits(first: HeadEdit | undefined, second: HeadEdit | undefined): HeadEdit | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const dropped = first.dropped === undefined || second.dropped === undefined ? (first.dropped ?? second.dropped) : first.dropped.union(second.dropped);
  return { lines: first.lines + second.lines, dropped };
}
