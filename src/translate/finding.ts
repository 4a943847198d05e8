// A finding is a diagnostic that has not been asked for yet: it keeps the object and the field, so that the line, which costs
// reading the text again, is only looked up for findings that somebody wants to see.
import { diagnostic } from '../model/diagnostic-codes.ts';
import type { DiagnosticCode } from '../model/diagnostic-codes.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Origin } from '../model/origin.ts';
import { keyPath } from '../resources/field-path.ts';

/** What a finding is about; every Kubernetes object is one. */
export interface Subject {
  readonly origin: Origin;
  readonly lineOf?: (field: string) => number | undefined;
}

export interface Finding {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly subject: Subject;
  readonly field?: string;
}

export function finding(code: DiagnosticCode, message: string, subject: Subject, field?: string): Finding {
  return field === undefined ? { code, message, subject } : { code, message, subject, field };
}

/**
 * Looks up the line of the field and makes the diagnostic.
 *
 * @param subject the object as it is now: it may have moved in its file since the finding was made.
 */
export function toDiagnostic(found: Finding, subject: Subject): Diagnostic {
  return diagnostic(found.code, found.message, originOfField(subject, found.field));
}

function originOfField(subject: Subject, field: string | undefined): Origin {
  if (field === undefined) return subject.origin;
  const line = subject.lineOf?.(field) ?? subject.origin.line;
  return line === undefined ? { ...subject.origin, field } : { ...subject.origin, field, line };
}

/** Path of an annotation in its object. */
export function annotationField(name: string): string {
  return keyPath('metadata.annotations', name);
}
