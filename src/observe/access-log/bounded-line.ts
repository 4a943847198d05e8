// Keeps log lines bounded, however long the values are that clients send: a line that is too long is printed again with its values cut,
// shorter and shorter, so that its form (JSON, or quotes in pairs) stays whole.
import type { ExchangeRecord } from '../exchange-record.ts';

/** Characters of one line without its end. */
export const MAX_LINE_LENGTH = 8192;

const shorterLengths: readonly number[] = [1024, 256, 64, 16];

/** Prints with values as long as a line may be, and again with shorter ones while the line is too long. */
export function printBounded(print: (record: ExchangeRecord, maxValueLength: number) => string, record: ExchangeRecord): string {
  let line = print(record, MAX_LINE_LENGTH);
  for (const length of shorterLengths) {
    if (line.length <= MAX_LINE_LENGTH) break;
    line = print(record, length);
  }
  return line;
}

/** To be called before escaping, so that no escape sequence is cut in two. */
export function cutValue(value: string, maxLength: number): string {
  return value.length <= maxLength ? value : `${value.slice(0, maxLength)}...`;
}
