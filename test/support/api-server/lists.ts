// Lists, whole or page by page. All pages of a list show the state at its first page, for as long as that is remembered (410 after).
import { expired } from './api-status.ts';
import { toCoreEvent } from './event-form.ts';
import type { ObjectForm } from './media-type.ts';
import type { ObjectStore } from './object-store.ts';
import { StoredObject } from './object-store.ts';
import type { ResourceKind } from './resource-kinds.ts';
import { apiVersionOf, storedKind } from './resource-kinds.ts';
import type { Selector } from './selectors.ts';

export interface ListRequest {
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly selector: Selector | undefined;
  readonly form: ObjectForm;
  /** 0: no limit. */
  readonly limit: number;
  /** Empty: the first page. */
  readonly continueToken: string;
}

interface Remainder {
  readonly items: readonly StoredObject[];
  readonly revision: number;
}

const MAX_REMAINDERS = 200;

export class Lists {
  readonly #store: ObjectStore;
  readonly #remainders = new Map<string, Remainder>();
  #tokens = 0;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** The answer as text. */
  print(request: ListRequest): string {
    const { kind, form, limit, continueToken, selector } = request;
    const { items, revision } = continueToken === '' ? this.#begin(request) : this.#resume(continueToken);
    const page = limit === 0 ? items : items.slice(0, limit);
    const rest = items.slice(page.length);
    const metadata = {
      resourceVersion: String(revision),
      ...(rest.length === 0 ? {} : { continue: this.#remember({ items: rest, revision }) }),
      ...(rest.length === 0 || selector !== undefined ? {} : { remainingItemCount: rest.length }),
    };
    const isPartial = form === 'metadata';
    const listKind = isPartial ? 'PartialObjectMetadataList' : `${kind.kind}List`;
    const apiVersion = isPartial ? 'meta.k8s.io/v1' : apiVersionOf(kind);
    const texts = page.map((stored) => (isPartial ? printMetadata(stored) : formOf(stored, kind).itemText));
    return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${texts.join(',')}]}\n`;
  }

  /** Forgets the rest of every list that is under way. */
  expire(): void {
    this.#remainders.clear();
  }

  #begin({ kind, namespace, selector }: ListRequest): Remainder {
    const all = this.#store.list(storedKind(kind), namespace);
    const items = selector === undefined ? all : all.filter((stored) => selector(formOf(stored, kind).object));
    return { items, revision: this.#store.revision };
  }

  #resume(token: string): Remainder {
    const remainder = this.#remainders.get(token);
    if (remainder !== undefined) return remainder;
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    );
  }

  #remember(remainder: Remainder): string {
    const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: remainder.revision, n: ++this.#tokens })).toString('base64url');
    this.#remainders.set(token, remainder);
    const [oldest] = this.#remainders.keys();
    if (this.#remainders.size > MAX_REMAINDERS && oldest !== undefined) this.#remainders.delete(oldest);
    return token;
  }
}

/** The object in the form of the group that was asked for. */
export function formOf(stored: StoredObject, kind: ResourceKind): StoredObject {
  return kind.kind === 'Event' && kind.group === '' ? new StoredObject(toCoreEvent(stored.object), kind) : stored;
}

export function printMetadata({ object }: StoredObject): string {
  return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
}
