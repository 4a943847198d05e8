// The controller's own log, on the standard error: few lines, for people (`text`) or machines (`json`). Written without waiting for a
// slow reader; what does not fit its bounded backlog is lost. Secrets never go in: callers log names of objects, not their contents.
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ControllerLogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** Where whole lines go; the standard error unless given. */
  readonly destination?: DestinationStream;
}

/** Characters that may wait for a slow reader of the standard error. */
const MAX_BACKLOG = 4 * 1024 * 1024;

/** Makes pino's logger: `log.info({ key: value }, 'message')`, an error under `err`. For the main thread. */
export function createControllerLog(options: ControllerLogOptions): Logger {
  const lines = options.destination ?? createStandardError();
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, options.format === 'json' ? lines : { write: (line) => lines.write(formatTextLine(line)) });
}

function createStandardError(): DestinationStream {
  const stream = process.stderr;
  // Nobody is left to be told that the log's reader is gone.
  stream.on('error', () => undefined);
  return {
    write: (line) => {
      if (stream.writableLength < MAX_BACKLOG) stream.write(line);
    },
  };
}

/** Turns one JSON line of pino into `TIME LEVEL message key=value …`; the stack of an error follows on lines of its own. */
export function formatTextLine(line: string): string {
  const fields: unknown = JSON.parse(line);
  if (typeof fields !== 'object' || fields === null) return line;
  let head = '';
  let level = 'INFO ';
  let message = '';
  let rest = '';
  let stack = '';
  for (const [key, value] of Object.entries(fields)) {
    if (key === 'time') head = String(value);
    else if (key === 'level') level = String(value).toUpperCase().padEnd(5);
    else if (key === 'message') message = printable(String(value));
    else if (key === 'err' && isErrorFields(value)) {
      rest += ` error=${formatValue(value.message)}`;
      stack = value.stack;
    } else rest += ` ${key}=${formatValue(value)}`;
  }
  const tail = stack === '' || level.trim() === 'WARN' ? '' : `${stack.split('\n').slice(1).map(printable).join('\n')}\n`;
  return `${head} ${level} ${message}${rest}\n${tail}`;
}

function isErrorFields(value: unknown): value is { readonly message: string; readonly stack: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string' &&
    'stack' in value &&
    typeof value.stack === 'string'
  );
}

/** Quoted where it would not read as one word. */
function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@*%+-]+$/.test(text) ? text : printable(JSON.stringify(text));
}

/** Control characters, which could forge lines or drive a terminal, as escapes. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
