// One document of a manifest file: its text, the objects read from it and what there is to say about it. A document is read once for
// as long as its text stays the same; when lines are added above it, it is only moved.
import { assertNever } from '../../kit/assert-never.ts';
import { keptList } from '../../kit/kept-list.ts';
import { diagnostic } from '../../model/diagnostic-codes.ts';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Origin } from '../../model/origin.ts';
import { isMap } from '../../resources/fields.ts';
import type { Problem } from '../../resources/fields.ts';
import { itemPath } from '../../resources/field-path.ts';
import { objectKey } from '../../resources/objects.ts';
import type { Kind, KubernetesObject, ObjectMeta } from '../../resources/objects.ts';
import { parseObject } from '../../resources/parse-object.ts';
import type { FieldLines } from './field-lines.ts';
import { parseJson, parseYaml } from './parse-text.ts';
import { countLines } from './split-documents.ts';

export type TextFormat = 'yaml' | 'json';

export interface ManifestDocument {
  readonly text: string;
  readonly lineCount: number;
  /** Lines of separator, comments and nothing before the first field. */
  readonly leadingLines: number;
  /** One-based line of the first character in the file. Changes when the document moves. */
  line: number;
  /** Good objects: those of the text, and last good ones of what no longer reads. Replaced when the document moves. */
  objects: readonly KubernetesObject[];
  diagnostics: readonly Diagnostic[];
  /** Keys of objects that the text names but that are not valid. */
  invalidKeys: ReadonlySet<string>;
  /** The text, or a part of it, says not even which objects it means. */
  isBroken: boolean;
}

export interface ReadingContext {
  /** Path of the file, as shown. */
  readonly file: string;
  readonly format: TextFormat;
  readonly lines: FieldLines;
}

const formatNames: Readonly<Record<TextFormat, string>> = { yaml: 'YAML', json: 'JSON' };
const noKeys: ReadonlySet<string> = new Set();
/** Separator, comments and empty lines before the first field. */
const leading = /^(?:(?:---[ \t]*|%[^\n]*|[ \t]*(?:#[^\n]*)?)\r?\n)+/;

/**
 * Reads a document. A `List`, or a list of one kind, stands for its items. What its problems mean for what is served is not known yet;
 * `finishDocument` says it.
 */
export function readDocument(text: string, line: number, context: ReadingContext): ManifestDocument {
  const lead = leading.exec(text)?.[0];
  const document: ManifestDocument = {
    text,
    lineCount: countLines(text),
    leadingLines: lead === undefined ? 0 : countLines(lead),
    line,
    objects: [],
    diagnostics: [],
    invalidKeys: noKeys,
    isBroken: false,
  };
  const parsed = context.format === 'json' ? parseJson(text) : parseYaml(text);
  if (!parsed.ok) {
    document.isBroken = true;
    // A text that ends too early is wrong in its last line, not in the first of the next document.
    const at = Math.min(parsed.error.line, text.endsWith('\n') ? document.lineCount - 1 : document.lineCount);
    document.diagnostics = [
      fileDiagnostic('PRT-READ-2', `is not ${formatNames[context.format]}: ${parsed.error.message}`, context.file, line + at),
    ];
    return document;
  }
  const reading = new DocumentReading(document, context);
  for (const value of parsed.value) reading.addValue(value);
  reading.finish();
  return document;
}

/** A diagnostic about text that is no object. */
export function fileDiagnostic(code: DiagnosticCode, message: string, file: string, line?: number): Diagnostic {
  const origin = { kind: 'File', namespace: '', name: file, file };
  return diagnostic(code, message, line === undefined ? origin : { ...origin, line });
}

/** Puts a document at another line; its objects become copies with another origin that share all content. */
export function moveDocument(document: ManifestDocument, line: number): void {
  const distance = line - document.line;
  if (distance === 0) return;
  document.line = line;
  document.objects = document.objects.map((object) => ({ ...object, origin: moveOrigin(object.origin, distance) }));
  document.diagnostics = document.diagnostics.map((entry) => ({ ...entry, origin: moveOrigin(entry.origin, distance) }));
}

/**
 * Completes a document that was just read: gives it the last good objects of the text that stood there before, for those that no
 * longer read, and adds to its errors what happens instead. Fields of last good objects have no lines, because that text is gone.
 */
export function finishDocument(document: ManifestDocument, lastGood: readonly KubernetesObject[]): void {
  if (document.invalidKeys.size === 0 && !document.isBroken) return;
  const line = document.line + document.leadingLines;
  const kept = lastGood.map(({ lineOf: _, ...object }) => ({ ...object, origin: { ...object.origin, line } }));
  if (kept.length > 0) document.objects = [...document.objects, ...kept];
  document.diagnostics = document.diagnostics.map((entry) => {
    if (entry.severity !== 'error') return entry;
    const isKept = kept.some(({ kind, metadata }) => entry.origin.kind === 'File' || isOriginOf(entry.origin, kind, metadata));
    const left = entry.origin.kind === 'File' ? 'document' : 'object';
    return { ...entry, message: `${entry.message}; ${isKept ? 'the last good state keeps serving' : `the ${left} is left out`}` };
  });
}

function isOriginOf(origin: Origin, kind: Kind, metadata: ObjectMeta): boolean {
  return origin.kind === kind && origin.name === metadata.name && origin.namespace === metadata.namespace;
}

function moveOrigin(origin: Origin, distance: number): Origin {
  return origin.line === undefined ? origin : { ...origin, line: origin.line + distance };
}

/** Collects what the values of one document come to. */
class DocumentReading {
  readonly #document: ManifestDocument;
  readonly #context: ReadingContext;
  readonly #objects: KubernetesObject[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #invalidKeys = new Set<string>();

  constructor(document: ManifestDocument, context: ReadingContext) {
    this.#document = document;
    this.#context = context;
  }

  addValue(value: unknown): void {
    if (value === null || value === undefined) return;
    const items = listItems(value);
    if (items === undefined) this.#addObject(value, '');
    else items.forEach((item, index) => this.#addObject(item, itemPath('items', index)));
  }

  finish(): void {
    this.#document.objects = keptList(this.#objects);
    this.#document.diagnostics = keptList(this.#diagnostics);
    if (this.#invalidKeys.size > 0) this.#document.invalidKeys = this.#invalidKeys;
  }

  /** @param path where the object stands in the document: empty, or `items[3]`. */
  #addObject(value: unknown, path: string): void {
    const document = this.#document;
    const { file, lines } = this.#context;
    const lineOf = (field: string): number | undefined => {
      const line = lines.find(document.text, joinPaths(path, field));
      return line === undefined ? undefined : document.line + line;
    };
    const line = document.line + document.leadingLines;
    const parsed = parseObject(value, { file, line, lineOf });
    switch (parsed.kind) {
      case 'object':
        this.#objects.push(parsed.object);
        this.#addProblems('PRT-READ-7', parsed.unknownFields, parsed.object.origin, lineOf);
        return;
      case 'invalid': {
        const { namespace, name } = parsed.identity;
        this.#invalidKeys.add(objectKey(parsed.objectKind, namespace, name));
        const origin = { kind: parsed.objectKind, namespace, name, file, line };
        this.#addProblems('PRT-READ-5', parsed.problems, origin, lineOf);
        this.#addProblems('PRT-READ-7', parsed.unknownFields, origin, lineOf);
        return;
      }
      case 'unknown-kind': {
        const { kind, apiVersion, namespace, name } = parsed.identity;
        const advice = parsed.advice === undefined ? '' : `; ${parsed.advice}`;
        this.#diagnostics.push(
          diagnostic('PRT-READ-4', `${kind} (${apiVersion}) is not read${advice}`, { kind, namespace, name, file, line }),
        );
        return;
      }
      case 'no-object': {
        document.isBroken = true;
        const reasons = parsed.problems.map(({ field, message }) => `${joinPaths(path, field)} ${message}`.trim());
        this.#diagnostics.push(fileDiagnostic('PRT-READ-3', `is no Kubernetes object: ${reasons.join(', ')}`, file, lineOf('') ?? line));
        return;
      }
      default:
        assertNever(parsed);
    }
  }

  #addProblems(code: DiagnosticCode, problems: readonly Problem[], object: Origin, lineOf: (field: string) => number | undefined): void {
    for (const { field, message } of problems) {
      const line = lineOf(field) ?? object.line;
      const place = line === undefined ? object : { ...object, line };
      this.#diagnostics.push(diagnostic(code, message, field === '' ? place : { ...place, field }));
    }
  }
}

function joinPaths(path: string, field: string): string {
  if (path === '' || field === '') return path + field;
  return field.startsWith('[') ? path + field : `${path}.${field}`;
}

/** The items of a `List`, or of a list of one kind such as `IngressList`, whose items may leave out kind and apiVersion. */
function listItems(value: unknown): readonly unknown[] | undefined {
  if (!isMap(value)) return undefined;
  const { kind, apiVersion, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return undefined;
  if (kind === 'List') return items;
  return items.map((item) => (isMap(item) ? { apiVersion, kind: kind.slice(0, -'List'.length), ...item } : item));
}
