// Compiles a text format with nginx variables to a function that prints one line.
import type { ExchangeRecord } from '../exchange-record.ts';
import { cutValue, MAX_LINE_LENGTH, printBounded } from './bounded-line.ts';
import type { EscapeMode } from './escape.ts';
import { escapeValue } from './escape.ts';
import type { LogFormatProblem } from './log-format.ts';
import { parseLogFormat } from './log-format.ts';
import type { FindLogVariable, LogVariable } from './log-variables.ts';

export interface CompiledLogFormat {
  /** One line without its end, of at most `MAX_LINE_LENGTH` characters. */
  readonly format: (record: ExchangeRecord) => string;
  readonly problems: readonly LogFormatProblem[];
}

interface Field {
  /** Literal text in front of the variable. */
  readonly before: string;
  readonly variable: LogVariable;
}

const missing: LogVariable = { read: () => undefined, isSafe: true };

/** Never fails: what is not known is reported, and printed as a variable without value. */
export function compileTextFormat(text: string, escape: EscapeMode, findVariable: FindLogVariable): CompiledLogFormat {
  const parsed = parseLogFormat(text);
  const problems = [...parsed.problems];
  const fields: Field[] = [];
  let before = '';
  for (const part of parsed.parts) {
    if (part.kind === 'text') {
      // A line break in a format would break the log into pieces that no reader puts together again.
      before += part.text.replace(/[\r\n]+/g, ' ');
      continue;
    }
    const variable = findVariable(part.name);
    if (variable === undefined)
      problems.push({ variable: part.name, message: `the variable "$${part.name}" is not supported in a log format` });
    fields.push({ before, variable: variable ?? missing });
    before = '';
  }
  const after = before;
  const absent = escape === 'default' ? '-' : '';
  const print = (record: ExchangeRecord, maxValueLength: number): string => {
    let line = '';
    for (const { before: literal, variable } of fields) {
      const value = variable.read(record);
      if (value === undefined) line += literal + absent;
      else line += literal + (variable.isSafe ? value : escapeValue(escape, cutValue(value, maxValueLength)));
    }
    return line + after;
  };
  return { format: (record) => printBounded(print, record).slice(0, MAX_LINE_LENGTH), problems };
}
