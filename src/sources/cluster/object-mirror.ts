// Turns what a reflector tells about one kind into typed objects. Remembers of each object only which version it was, so that a list that
// is read again costs nothing for what did not change, and tells what is gone. A list is taken over as a whole, once its last page is there:
// part of it is a state that never was. An object that cannot be parsed leaves its last good state.
// Of an object that the receiver has no use for only its version is left; whoever laid it aside can have it told again with the next list.
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { isMap } from '../../resources/fields.ts';
import type { Kind, KubernetesObject } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import type { ObjectRef } from '../../resources/store.ts';
import type { ApiResource } from './api-resource.ts';
import type { ObjectHead, ObjectVersion } from './object-head.ts';
import { headKey, isSameVersion, versionOf } from './object-head.ts';
import type { ReflectorSink } from './reflector.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface ObjectReceiver {
  onUpsert(object: KubernetesObject): void;
  onRemove(ref: ObjectRef): void;
}

export interface MirrorOptions {
  readonly kind: Kind;
  readonly resource: ApiResource;
  readonly receiver: ObjectReceiver;
  /** Whether this mirror would list the object. */
  readonly owns: (object: KubernetesObject) => boolean;
  /** A list is complete. */
  readonly onListed: () => void;
  /** There is something to say about an object that the receiver does not get. */
  readonly onDiagnostic: () => void;
}

interface Known extends ObjectVersion {
  /** Why it was laid aside. */
  readonly group?: string;
}

interface Listed {
  readonly version: ObjectVersion;
  readonly parsed: ParsedApiObject;
}

export class ObjectMirror implements ReflectorSink {
  readonly #options: MirrorOptions;
  /** Two texts that the object holds too, rather than one text made of them. */
  readonly #known = new Map<string, Known>();
  readonly #problems = new Map<string, readonly Diagnostic[]>();
  #revision = 0;
  /** While a list is read: all that is in it, with what is not known yet. */
  #listing: Map<string, Listed | undefined> | undefined;

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  get kind(): Kind {
    return this.#options.kind;
  }

  owns(object: KubernetesObject): boolean {
    return object.kind === this.#options.kind && this.#options.owns(object);
  }

  /** Takes over what somebody else has handed to the receiver already. */
  seed(object: KubernetesObject): void {
    this.#known.set(headKey(object.metadata), versionOf(object.metadata));
  }

  /** Another number whenever `diagnostics` may have others to tell. */
  get revision(): number {
    return this.#revision;
  }

  /** The receiver keeps nothing of this object, for a reason that it shares with all of its group. */
  layAside({ namespace, name }: Pick<ObjectHead, 'namespace' | 'name'>, group: string): void {
    const key = headKey({ namespace, name });
    const known = this.#known.get(key);
    if (known !== undefined) this.#known.set(key, { ...known, group });
  }

  /** Lets the next list tell of all that was laid aside with one of these groups. */
  recall(groups: ReadonlySet<string>): void {
    for (const [key, { group }] of this.#known) if (group !== undefined && groups.has(group)) this.#known.delete(key);
  }

  get laidAsideCount(): number {
    let count = 0;
    for (const { group } of this.#known.values()) if (group !== undefined) count++;
    return count;
  }

  *diagnostics(): Iterable<Diagnostic> {
    for (const diagnostics of this.#problems.values()) yield* diagnostics;
  }

  beginList(): void {
    this.#listing = new Map();
  }

  endList(): void {
    const listing = this.#listing ?? new Map<string, Listed | undefined>();
    this.#listing = undefined;
    for (const [key, listed] of listing) if (listed !== undefined) this.#take(key, listed);
    for (const key of this.#known.keys()) {
      if (listing.has(key)) continue;
      const [namespace = '', name = ''] = key.split('\0');
      this.#forget(key, { namespace, name });
    }
    this.#options.onListed();
  }

  upsert(head: ObjectHead, object: unknown): void {
    const key = headKey(head);
    const version = versionOf(head);
    const isKnown = isSameVersion(this.#known.get(key), version);
    const { kind, resource } = this.#options;
    const listed = isKnown ? undefined : { version, parsed: parseApiObject(object, resource, kind) };
    if (this.#listing !== undefined) this.#listing.set(key, listed);
    else if (listed !== undefined) this.#take(key, listed);
  }

  #take(key: string, { version, parsed }: Listed): void {
    // Others may have handed it over since it was read.
    if (isSameVersion(this.#known.get(key), version)) return;
    this.#known.set(key, version);
    const { receiver, onDiagnostic } = this.#options;
    if (parsed.kind === 'object') {
      this.#clear(key);
      receiver.onUpsert(parsed.object);
    } else {
      this.#problems.set(key, parsed.diagnostics);
      this.#revision++;
      onDiagnostic();
    }
  }

  #clear(key: string): void {
    if (this.#problems.delete(key)) this.#revision++;
  }

  remove(head: ObjectHead): void {
    this.#forget(headKey(head), head);
  }

  #forget(key: string, { namespace, name }: Pick<ObjectHead, 'namespace' | 'name'>): void {
    this.#clear(key);
    if (this.#known.delete(key)) this.#options.receiver.onRemove({ kind: this.#options.kind, namespace, name });
  }
}

export type ParsedApiObject =
  | { readonly kind: 'object'; readonly object: KubernetesObject }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };

/**
 * Parses an object of the API server. Items of lists come without kind and apiVersion. Fields that the parser does not know are those of
 * newer servers, and nobody's mistake.
 */
export function parseApiObject(object: unknown, { apiVersion, kind: apiKind }: ApiResource, kind: Kind): ParsedApiObject {
  const metadata = isMap(object) && isMap(object['metadata']) ? object['metadata'] : {};
  const whole = { ...(isMap(object) ? object : {}), apiVersion, kind: apiKind, metadata: withoutBookkeeping(metadata) };
  const parsed = parseObject(whole, {});
  if (parsed.kind === 'object') return { kind: 'object', object: parsed.object };
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : '';
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '';
  const problems = parsed.kind === 'invalid' || parsed.kind === 'no-object' ? parsed.problems : [];
  const diagnostics = problems.map(({ field, message }) =>
    diagnostic('PRT-READ-5', `${message}; its last good state keeps serving, if it had one`, { kind, namespace, name, field }),
  );
  return { kind: 'invalid', diagnostics };
}

/** Half of an object is who wrote which field, and a copy of itself for `kubectl apply`; nobody here reads either. */
function withoutBookkeeping({ managedFields: _, ...metadata }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { annotations } = metadata;
  if (!isMap(annotations) || !Object.hasOwn(annotations, LAST_APPLIED)) return metadata;
  const { [LAST_APPLIED]: _copy, ...others } = annotations;
  return { ...metadata, annotations: others };
}
