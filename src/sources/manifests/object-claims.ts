// Which documents say something about which object. When several do, the first one in the order of files counts. Documents are added
// and removed as files change; `settle` then answers what that means for the objects as a whole, so that an object that moves from
// one file to another in one batch is a change and never a removal.
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import type { ObjectBatch, ObjectRef } from '../../resources/store.ts';
import { keyOf } from './manifest-file.ts';
import type { ManifestDocument } from './manifest-document.ts';

/** The place of a file in the order of all files. */
export interface FileOrder {
  /** Index of the argument that named it. */
  readonly argument: number;
  readonly path: string;
}

interface Claim {
  readonly document: ManifestDocument;
  readonly file: FileOrder;
  readonly object: KubernetesObject;
}

export class ObjectClaims {
  /** One claim is the rule; a list of them is the exception that a duplicate makes. */
  readonly #claims = new Map<string, Claim | readonly Claim[]>();
  readonly #settled = new Map<string, KubernetesObject>();
  readonly #touched = new Set<string>();
  readonly #duplicates = new Set<string>();
  #areDuplicatesChanged = false;

  add(document: ManifestDocument, file: FileOrder): void {
    for (const object of document.objects) {
      const key = keyOf(object);
      this.#set(key, [...this.#get(key), { document, file, object }]);
    }
  }

  remove(document: ManifestDocument): void {
    for (const object of document.objects) {
      const key = keyOf(object);
      this.#set(
        key,
        this.#get(key).filter((claim) => claim.document !== document),
      );
    }
  }

  /** Takes over the objects of a document that moved: the same ones, in other copies. */
  refresh(document: ManifestDocument, file: FileOrder): void {
    for (const object of document.objects) {
      const key = keyOf(object);
      const claims = this.#claims.get(key);
      if (claims === undefined || !('document' in claims)) {
        this.remove(document);
        this.add(document, file);
        return;
      }
      this.#claims.set(key, { document, file, object });
      this.#touched.add(key);
    }
  }

  /** What changed since the last call. */
  settle(): ObjectBatch {
    const upserts: KubernetesObject[] = [];
    const removals: ObjectRef[] = [];
    for (const key of this.#touched) {
      const before = this.#settled.get(key);
      const after = this.#inOrder(key)[0]?.object;
      if (after === before) continue;
      if (after !== undefined) {
        upserts.push(after);
        this.#settled.set(key, after);
      } else if (before !== undefined) {
        removals.push({ kind: before.kind, namespace: before.metadata.namespace, name: before.metadata.name });
        this.#settled.delete(key);
      }
    }
    this.#touched.clear();
    return { upserts, removals };
  }

  /** Whether `diagnostics` may have others to tell than at the last call of this. */
  takeDuplicatesChanged(): boolean {
    const areChanged = this.#areDuplicatesChanged;
    this.#areDuplicatesChanged = false;
    return areChanged;
  }

  /** One diagnostic for each object that does not count because it stands elsewhere already. */
  *diagnostics(): Iterable<Diagnostic> {
    for (const key of this.#duplicates) {
      const [first, ...others] = this.#inOrder(key);
      if (first === undefined) continue;
      const place = `${first.object.origin.file}:${first.object.origin.line}`;
      for (const { object } of others) {
        yield diagnostic('PRT-READ-6', `stands in ${place} already; that one counts and this one is left out`, object.origin);
      }
    }
  }

  #get(key: string): readonly Claim[] {
    const claims = this.#claims.get(key);
    if (claims === undefined) return [];
    return 'document' in claims ? [claims] : claims;
  }

  #set(key: string, claims: readonly Claim[]): void {
    this.#touched.add(key);
    if (claims.length > 1 || this.#duplicates.has(key)) this.#areDuplicatesChanged = true;
    const [first] = claims;
    if (first === undefined) this.#claims.delete(key);
    else this.#claims.set(key, claims.length === 1 ? first : claims);
    if (claims.length > 1) this.#duplicates.add(key);
    else this.#duplicates.delete(key);
  }

  #inOrder(key: string): readonly Claim[] {
    const claims = this.#get(key);
    return claims.length < 2 ? claims : claims.toSorted(compareClaims);
  }
}

/** Order of arguments, then of paths, then of lines. */
function compareClaims(left: Claim, right: Claim): number {
  if (left.file.argument !== right.file.argument) return left.file.argument - right.file.argument;
  if (left.file.path !== right.file.path) return left.file.path < right.file.path ? -1 : 1;
  return left.document.line - right.document.line;
}
