// One manifest file: its documents in order. A new text is compared with the documents that stand there, and only those whose text
// changed are read. Also decides what a half-broken edit means: objects of documents that no longer read keep their last good state,
// objects that are gone from a text that reads are gone.
import { keptList } from '../../kit/kept-list.ts';
import { objectKey } from '../../resources/objects.ts';
import type { KubernetesObject } from '../../resources/objects.ts';
import { finishDocument, moveDocument, readDocument } from './manifest-document.ts';
import type { ManifestDocument, ReadingContext } from './manifest-document.ts';
import { splitDocuments } from './split-documents.ts';

/** What an edit did. Documents that only moved have new copies of their objects. */
export interface FileEdit {
  readonly documents: readonly ManifestDocument[];
  readonly gone: readonly ManifestDocument[];
  readonly fresh: readonly ManifestDocument[];
  readonly moved: readonly ManifestDocument[];
}

export function keyOf(object: KubernetesObject): string {
  return objectKey(object.kind, object.metadata.namespace, object.metadata.name);
}

/**
 * Reads a new content of a file.
 *
 * @param before documents of the content before; those that stay are taken over and changed (moved).
 * @param bytes UTF-8, checked, without byte order mark; not kept.
 */
export function editFile(before: readonly ManifestDocument[], bytes: Buffer, context: ReadingContext): FileEdit {
  const texts = context.format === 'json' ? [bytes.toString()] : splitDocuments(bytes);
  const kept = matchDocuments(before, texts);
  const documents: ManifestDocument[] = [];
  const fresh: ManifestDocument[] = [];
  const moved: ManifestDocument[] = [];
  let line = 1;
  texts.forEach((text, index) => {
    let document = kept[index];
    if (document === undefined) {
      document = readDocument(text, line, context);
      fresh.push(document);
    } else if (document.line !== line) {
      moveDocument(document, line);
      moved.push(document);
    }
    documents.push(document);
    line += document.lineCount;
  });
  const staying = new Set(kept);
  const gone = before.filter((document) => !staying.has(document));
  finishFresh(documents, fresh, gone);
  return { documents: keptList(documents), gone, fresh, moved };
}

/**
 * The old document for each text, undefined for new texts. Most edits are in one place, so documents are compared from both ends first;
 * what is left in the middle is matched by its text, so that documents that change places are not read again.
 */
function matchDocuments(before: readonly ManifestDocument[], texts: readonly string[]): readonly (ManifestDocument | undefined)[] {
  const kept = new Array<ManifestDocument | undefined>(texts.length).fill(undefined);
  const shorter = Math.min(before.length, texts.length);
  let head = 0;
  while (head < shorter && before[head]?.text === texts[head]) {
    kept[head] = before[head];
    head++;
  }
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail]?.text === texts[texts.length - 1 - tail]) {
    kept[texts.length - 1 - tail] = before[before.length - 1 - tail];
    tail++;
  }
  const byText = new Map<string, ManifestDocument[]>();
  for (const document of before.slice(head, before.length - tail)) {
    const same = byText.get(document.text);
    if (same === undefined) byText.set(document.text, [document]);
    else same.push(document);
  }
  for (let index = head; index < texts.length - tail; index++) kept[index] = byText.get(texts[index] ?? '')?.shift();
  return kept;
}

/** Completes the fresh documents: those that do not yield all the objects they should keep the last good ones. */
function finishFresh(documents: readonly ManifestDocument[], fresh: readonly ManifestDocument[], gone: readonly ManifestDocument[]): void {
  const ailing = fresh.filter((document) => document.isBroken || document.invalidKeys.size > 0);
  if (ailing.length === 0) return;
  const present = new Set(documents.flatMap((document) => document.objects.map(keyOf)));
  const missing = gone.flatMap((document) => document.objects).filter((object) => !present.has(keyOf(object)));
  const lastGood = assignLastGood(ailing, missing);
  for (const document of ailing) finishDocument(document, lastGood.get(document) ?? []);
}

/**
 * Which document keeps which of the objects that are missing from the file. An invalid object is kept where it is named. A document that
 * does not say which objects it means keeps those whose name occurs in its text, or, if it was spoilt so much that there is none, all
 * that no other document keeps. What then remains was deleted.
 */
function assignLastGood(
  ailing: readonly ManifestDocument[],
  missing: readonly KubernetesObject[],
): ReadonlyMap<ManifestDocument, readonly KubernetesObject[]> {
  const lastGood = new Map<ManifestDocument, KubernetesObject[]>(ailing.map((document) => [document, []]));
  const broken = ailing.filter((document) => document.isBroken);
  const unnamed: KubernetesObject[] = [];
  for (const object of missing) {
    const key = keyOf(object);
    const owner =
      ailing.find((document) => document.invalidKeys.has(key)) ?? broken.find((document) => mentions(document.text, object.metadata.name));
    if (owner === undefined) unnamed.push(object);
    else lastGood.get(owner)?.push(object);
  }
  const nameless = broken.find((document) => lastGood.get(document)?.length === 0);
  if (nameless !== undefined) lastGood.get(nameless)?.push(...unnamed);
  return lastGood;
}

/** True where the name stands in the text by itself, not as a part of a longer one. */
function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!isNamePart(text[at - 1]) && !isNamePart(text[at + name.length])) return true;
  }
  return false;
}

function isNamePart(character: string | undefined): boolean {
  return character !== undefined && /[-A-Za-z0-9.]/.test(character);
}
