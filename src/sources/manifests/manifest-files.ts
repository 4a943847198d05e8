// The content of all manifest files: of each the documents that were read last, what keeps it from being read, and what all of them together
// say about which object.
import { isUtf8 } from 'node:buffer';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { SourceBatch } from '../source.ts';
import { FileBytes } from './file-bytes.ts';
import { FieldLines } from './field-lines.ts';
import type { FileSignature, TreeFile } from './file-tree.ts';
import { fileDiagnostic } from './manifest-document.ts';
import type { ManifestDocument } from './manifest-document.ts';
import { editFile } from './manifest-file.ts';
import { ObjectClaims } from './object-claims.ts';

const maxFileBytes = 64 * 1024 * 1024;

interface FileState {
  readonly order: TreeFile;
  /** Of the content that was read last. */
  signature: FileSignature;
  documents: readonly ManifestDocument[];
  /** Why the file could not be read as it is now. */
  problem: Diagnostic | undefined;
}

export class ManifestFiles {
  readonly #states = new Map<string, FileState>();
  readonly #claims = new ObjectClaims();
  readonly #bytes = new FileBytes();
  readonly #lines = new FieldLines();
  readonly #onDocumentsRead: ((count: number) => void) | undefined;
  /** Paths of files with a diagnostic. */
  readonly #troubled = new Set<string>();
  /** The last list, as long as nothing in it can have changed. */
  #diagnostics: readonly Diagnostic[] | undefined;
  #hadUnreadable = false;

  /** `onDocumentsRead`: told how many documents were parsed, after each file. */
  constructor(onDocumentsRead: ((count: number) => void) | undefined) {
    this.#onDocumentsRead = onDocumentsRead;
  }

  /** Signature of the content that was read last; undefined for an unknown file. */
  signatureOf(path: string): FileSignature | undefined {
    return this.#states.get(path)?.signature;
  }

  /** Takes the content of a file over as it is now. */
  read(file: TreeFile): void {
    const state = this.#states.get(file.path) ?? { order: file, signature: file.signature, documents: [], problem: undefined };
    this.#states.set(file.path, state);
    state.signature = file.signature;
    state.problem = this.#readContent(state, file.signature.sizeBytes);
    const isTroubled = state.problem !== undefined || state.documents.some((document) => document.diagnostics.length > 0);
    if (isTroubled || this.#troubled.has(file.path)) this.#diagnostics = undefined;
    if (isTroubled) this.#troubled.add(file.path);
    else this.#troubled.delete(file.path);
  }

  remove(path: string): void {
    for (const document of this.#states.get(path)?.documents ?? []) this.#claims.remove(document);
    this.#states.delete(path);
    if (this.#troubled.delete(path)) this.#diagnostics = undefined;
  }

  /** What changed since the last call; diagnostics are in the order of files and lines. `unreadable`: directories, with the reason. */
  takeBatch(unreadable: ReadonlyMap<string, string>): Omit<SourceBatch, 'noticedAtMs'> {
    const changes = this.#claims.settle();
    this.#lines.renew();
    if (unreadable.size > 0 || this.#hadUnreadable || this.#claims.takeDuplicatesChanged()) this.#diagnostics = undefined;
    this.#hadUnreadable = unreadable.size > 0;
    this.#diagnostics ??= this.#listDiagnostics(unreadable);
    return { changes, diagnostics: this.#diagnostics };
  }

  /** Answers what keeps the file from being read; its documents stay as they were then. */
  #readContent(state: FileState, sizeBytes: number): Diagnostic | undefined {
    const { path } = state.order;
    const problem = (code: DiagnosticCode, message: string): Diagnostic => {
      const ending = state.documents.length > 0 ? 'the last good state of its objects keeps serving' : 'it is left out';
      return fileDiagnostic(code, `${message}; ${ending}`, path);
    };
    if (sizeBytes > maxFileBytes) return problem('PRT-READ-1', `is larger than ${maxFileBytes} bytes`);
    try {
      return this.#bytes.read(path, (bytes) => {
        if (!isUtf8(bytes)) return problem('PRT-READ-2', 'is not text in UTF-8');
        this.#edit(state, withoutByteOrderMark(bytes));
        return undefined;
      });
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return problem('PRT-READ-1', `cannot be read: ${error.message}`);
    }
  }

  #edit(state: FileState, bytes: Buffer): void {
    const file = state.order;
    const format = file.path.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
    const edit = editFile(state.documents, bytes, { file: file.path, format, lines: this.#lines });
    state.documents = edit.documents;
    for (const document of edit.gone) this.#claims.remove(document);
    for (const document of edit.moved) this.#claims.refresh(document, file);
    for (const document of edit.fresh) this.#claims.add(document, file);
    if (edit.fresh.length > 0) this.#onDocumentsRead?.(edit.fresh.length);
  }

  #listDiagnostics(unreadable: ReadonlyMap<string, string>): readonly Diagnostic[] {
    const diagnostics: Diagnostic[] = [];
    for (const [path, reason] of unreadable) diagnostics.push(fileDiagnostic('PRT-READ-1', `cannot be read: ${reason}`, path));
    for (const path of this.#troubled) {
      const state = this.#states.get(path);
      if (state?.problem !== undefined) diagnostics.push(state.problem);
      for (const document of state?.documents ?? []) diagnostics.push(...document.diagnostics);
    }
    diagnostics.push(...this.#claims.diagnostics());
    return diagnostics.sort((left, right) => this.#compare(left, right));
  }

  #compare(left: Diagnostic, right: Diagnostic): number {
    const leftFile = left.origin.file ?? '';
    const rightFile = right.origin.file ?? '';
    if (leftFile === rightFile) return (left.origin.line ?? 0) - (right.origin.line ?? 0);
    const leftArgument = this.#states.get(leftFile)?.order.argument ?? -1;
    const rightArgument = this.#states.get(rightFile)?.order.argument ?? -1;
    return leftArgument - rightArgument || (leftFile < rightFile ? -1 : 1);
  }
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** True for what the operating system answers, in contrast to mistakes in this program. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
