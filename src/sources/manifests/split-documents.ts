// Splits a YAML file into the texts of its documents without parsing it, so that an edit of one document costs the parsing of one.
// A line that begins with `---` or `...` and goes on with white space ends a document wherever it stands: YAML 1.2 (section 9.1.2,
// `c-forbidden`) forbids such a line inside block scalars and quoted text too. Every byte belongs to exactly one text. Works on
// bytes: a large file never becomes one large string, which only a full garbage collection would free.

const opening = Buffer.from('\n---');
const ending = Buffer.from('\n...');
const newline = 0x0a;

/**
 * The texts in order; one may hold nothing but comments. Directives (`%YAML 1.2`) stay with the document that follows them.
 *
 * @param bytes UTF-8, checked, without byte order mark.
 */
export function splitDocuments(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  let start = 0;
  const cut = (end: number): void => {
    if (end === start || isOnlyDirectives(bytes, start, end)) return;
    texts.push(bytes.toString('utf8', start, end));
    start = end;
  };
  let nextOpening = findMarker(bytes, opening, 0);
  let nextEnding = findMarker(bytes, ending, 0);
  while (nextOpening < bytes.length || nextEnding < bytes.length) {
    if (nextOpening < nextEnding) {
      cut(nextOpening);
      nextOpening = findMarker(bytes, opening, nextOpening + 3);
    } else {
      // The marker `...` belongs to the document that it ends.
      const lineEnd = bytes.indexOf(newline, nextEnding);
      cut(lineEnd === -1 ? bytes.length : lineEnd + 1);
      nextEnding = findMarker(bytes, ending, nextEnding + 3);
    }
  }
  if (bytes.length > start) texts.push(bytes.toString('utf8', start));
  return texts;
}

/** Number of line breaks in the text. */
export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Offset of the next line, at or after `from`, that is the marker; the number of bytes where there is none. */
function findMarker(bytes: Buffer, marker: Buffer, from: number): number {
  // The first line of a file has no line break before it.
  if (from === 0 && bytes.subarray(0, 3).equals(marker.subarray(1)) && isMarkerEnd(bytes[3])) return 0;
  let at = bytes.indexOf(marker, Math.max(from - 1, 0));
  while (at !== -1 && !isMarkerEnd(bytes[at + 4])) at = bytes.indexOf(marker, at + 4);
  return at === -1 ? bytes.length : at + 1;
}

/** End of file, line break, carriage return, space or tab. */
function isMarkerEnd(byte: number | undefined): boolean {
  return byte === undefined || byte === newline || byte === 0x0d || byte === 0x20 || byte === 0x09;
}

/** True for text before a document that has directives and, beside them, only comments and empty lines. */
function isOnlyDirectives(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] === 0x2d) return false;
  const text = bytes.toString('utf8', start, end);
  if (!text.startsWith('%') && !text.includes('\n%')) return false;
  return text.split('\n').every((line) => line.startsWith('%') || /^\s*(?:#|$)/.test(line));
}
