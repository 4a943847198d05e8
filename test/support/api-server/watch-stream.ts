// One watch: what happens to the objects that it selects, as one JSON object a line, with bookmarks where they are asked for. Chunks may be
// made to end anywhere, and to come slowly, because networks do that too.
import type { ServerResponse } from 'node:http';
import { expired } from './api-status.ts';
import type { ApiObject } from './api-object.ts';
import { formOf, printMetadata } from './lists.ts';
import type { ObjectForm } from './media-type.ts';
import type { ObjectStore, StoredChange } from './object-store.ts';
import { StoredObject } from './object-store.ts';
import type { ResourceKind } from './resource-kinds.ts';
import { apiVersionOf, storedKind } from './resource-kinds.ts';
import type { Selector } from './selectors.ts';

export interface WatchRequest {
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly selector: Selector | undefined;
  readonly form: ObjectForm;
  /** Undefined or 0: everything that is there comes first. */
  readonly resourceVersion: number | undefined;
  readonly timeoutMs: number;
  readonly hasBookmarks: boolean;
}

/** How the server writes; may change while watches are open. */
export interface WatchManner {
  /** Bytes of a chunk are chosen between 1 and this; 0: an event at a time. */
  chunkBytes: number;
  /** Before each chunk. */
  delayMs: number;
  bookmarkEveryMs: number;
}

export interface WatchDeps {
  readonly store: ObjectStore;
  readonly manner: WatchManner;
  readonly random: () => number;
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export class WatchStream {
  readonly request: WatchRequest;
  readonly #deps: WatchDeps;
  readonly #response: ServerResponse;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stopListening: () => void;
  /** Events wait here while an earlier one is being written in chunks. */
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isEnded = false;

  constructor(request: WatchRequest, response: ServerResponse, deps: WatchDeps) {
    this.request = request;
    this.#deps = deps;
    this.#response = response;
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
    response.flushHeaders();
    response.on('close', () => this.#dispose());
    this.#stopListening = deps.store.onChange((change) => this.#onChange(change));
    this.#begin();
  }

  /** Ends in the way of a server whose time is over. */
  end(): void {
    if (this.#isEnded) return;
    this.#dispose();
    void this.#writing.then(() => this.#response.end());
  }

  /** Breaks the connection, if wanted within a line. */
  cut(isWithinLine = false): void {
    this.#dispose();
    if (isWithinLine) this.#response.write('{"type":"MODIFIED","object":{"ki');
    setImmediate(() => this.#response.socket?.destroy());
  }

  /** A line of anything. */
  sendLine(text: string): void {
    this.#write(Buffer.from(`${text}\n`));
  }

  sendExpired(): void {
    this.#sendText('ERROR', JSON.stringify(expired('too old resource version').status()));
    this.end();
  }

  bookmark(): void {
    const { kind, form, resourceVersion = 0 } = this.request;
    if (this.#deps.store.revision < resourceVersion) return;
    const isPartial = form === 'metadata';
    const metadata = { resourceVersion: String(this.#deps.store.revision), creationTimestamp: null };
    const apiVersion = isPartial ? 'meta.k8s.io/v1' : apiVersionOf(kind);
    this.#sendText('BOOKMARK', JSON.stringify({ kind: isPartial ? 'PartialObjectMetadata' : kind.kind, apiVersion, metadata }));
  }

  #begin(): void {
    const { kind, namespace, resourceVersion = 0, timeoutMs, hasBookmarks } = this.request;
    const { store, manner } = this.#deps;
    if (resourceVersion === 0) {
      for (const stored of store.list(storedKind(kind), namespace))
        this.#onChange({ revision: 0, kind: stored.kind, before: undefined, after: stored });
    } else {
      const missed = store.changesSince(storedKind(kind), resourceVersion);
      if (missed === undefined) {
        this.sendExpired();
        return;
      }
      for (const change of missed) this.#onChange(change);
    }
    this.#timers.push(setTimeout(() => this.end(), timeoutMs));
    if (hasBookmarks) this.#timers.push(setInterval(() => this.bookmark(), manner.bookmarkEveryMs));
  }

  #onChange({ kind, before, after, revision }: StoredChange): void {
    if (this.#isEnded || kind !== storedKind(this.request.kind)) return;
    // A watch from a version that is not there yet is silent until it is.
    if (revision !== 0 && revision <= (this.request.resourceVersion ?? 0)) return;
    const wasSelected = before !== undefined && this.#selects(before);
    const isSelected = after !== undefined && this.#selects(after);
    if (isSelected) this.#send(wasSelected ? 'MODIFIED' : 'ADDED', after);
    // An object that is no longer selected looks as if it were gone, as it was last, with the version of the change.
    else if (wasSelected) this.#send('DELETED', withVersion(before, revision));
  }

  #selects(stored: StoredObject): boolean {
    const { namespace, selector, kind } = this.request;
    if (namespace !== '' && stored.object.metadata.namespace !== namespace) return false;
    return selector === undefined || selector(formOf(stored, kind).object);
  }

  #send(type: EventType, stored: StoredObject): void {
    this.#sendText(type, this.request.form === 'metadata' ? printMetadata(stored) : formOf(stored, this.request.kind).text);
  }

  #sendText(type: EventType, text: string): void {
    this.#write(Buffer.from(`{"type":"${type}","object":${text}}\n`));
  }

  #write(bytes: Buffer): void {
    const { chunkBytes, delayMs } = this.#deps.manner;
    // Behind those that wait, however they are written: events of one watch never overtake each other.
    if (chunkBytes === 0 && delayMs === 0 && this.#waiting === 0) {
      this.#response.write(bytes);
      return;
    }
    this.#waiting++;
    this.#writing = this.#writing.then(() => this.#writeInChunks(bytes)).finally(() => this.#waiting--);
  }

  async #writeInChunks(bytes: Buffer): Promise<void> {
    const { manner, random } = this.#deps;
    for (let start = 0; start < bytes.length && !this.#response.destroyed;) {
      const size = manner.chunkBytes === 0 ? bytes.length : 1 + Math.floor(random() * manner.chunkBytes);
      this.#response.write(bytes.subarray(start, start + size));
      start += size;
      await new Promise<void>((resolve) => (manner.delayMs === 0 ? setImmediate(resolve) : setTimeout(resolve, manner.delayMs)));
    }
  }

  #dispose(): void {
    this.#isEnded = true;
    this.#stopListening();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function withVersion({ object, kind }: StoredObject, revision: number): StoredObject {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return new StoredObject({ ...object, metadata } satisfies ApiObject, kind);
}
