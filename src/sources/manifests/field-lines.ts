// Finds the line of a field for a diagnostic. Values are parsed without positions, because nearly all objects are good; only when
// somebody asks is the text of that one document read again, as a stream of events with offsets. The lines of the last document
// are remembered, since questions come in groups; a budget keeps thousands of bad documents from costing seconds.
import { EVENT_ID, getScalarValue, parseEvents } from 'js-yaml';
import type { Event } from 'js-yaml';
import { itemPath, keyPath, parentPath } from '../../resources/field-path.ts';

const defaultBudget = 16 * 1024 * 1024;

export class FieldLines {
  readonly #budget: number;
  #left: number;
  #text: string | undefined;
  #lines: ReadonlyMap<string, number> = new Map();

  /** @param budget characters of text that may be read before `renew` is called again. */
  constructor(budget = defaultBudget) {
    this.#budget = budget;
    this.#left = budget;
  }

  /** Begins a new budget and forgets the last document. */
  renew(): void {
    this.#left = this.#budget;
    this.#text = undefined;
    this.#lines = new Map();
  }

  /**
   * Zero-based line of the field in the text, or of the nearest thing around it that exists (a missing field has no line of its own);
   * undefined where the text is no YAML or JSON, or the budget is used up.
   */
  find(text: string, field: string): number | undefined {
    if (this.#text !== text) {
      if (text.length > this.#left) return undefined;
      this.#left -= text.length;
      this.#text = text;
      this.#lines = readLines(text);
    }
    for (let path: string | undefined = field; path !== undefined; path = parentPath(path)) {
      const line = this.#lines.get(path);
      if (line !== undefined) return line;
    }
    return undefined;
  }
}

/** An open map or list while the events go by. */
interface Frame {
  readonly path: string;
  readonly isList: boolean;
  /** Items so far, for lists. */
  count: number;
  /** Path of the key whose value comes next, for maps. */
  keyPath: string | undefined;
}

function readLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const lineAt = lineCounter(text);
  const frames: Frame[] = [];
  for (const event of eventsOf(text)) {
    const top = frames.at(-1);
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        frames.push({ path: '', isList: false, count: 0, keyPath: '' });
        break;
      case EVENT_ID.POP:
        frames.pop();
        break;
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE: {
        const path = takePath(top, undefined);
        if (!lines.has(path)) lines.set(path, lineAt(event.start));
        frames.push({ path, isList: event.type === EVENT_ID.SEQUENCE, count: 0, keyPath: undefined });
        break;
      }
      case EVENT_ID.SCALAR:
      case EVENT_ID.ALIAS: {
        const isKey = top !== undefined && !top.isList && top.keyPath === undefined;
        const path = takePath(top, event.type === EVENT_ID.SCALAR && isKey ? getScalarValue(text, event) : undefined);
        const offset = event.type === EVENT_ID.SCALAR ? event.valueStart : event.anchorStart;
        if (offset >= 0 && !lines.has(path)) lines.set(path, lineAt(offset));
        break;
      }
    }
  }
  return lines;
}

/** The path that the next value or key has, moving the frame on. */
function takePath(top: Frame | undefined, key: string | undefined): string {
  if (top === undefined) return '';
  if (top.isList) return itemPath(top.path, top.count++);
  if (top.keyPath === undefined) {
    top.keyPath = keyPath(top.path, key ?? '');
    return top.keyPath;
  }
  const path = top.keyPath;
  top.keyPath = undefined;
  return path;
}

function eventsOf(text: string): readonly Event[] {
  try {
    return parseEvents(text, {});
  } catch {
    return [];
  }
}

/** Offsets are asked for in rising order, so that counting goes through the text once. */
function lineCounter(text: string): (offset: number) => number {
  let line = 0;
  let next = text.indexOf('\n');
  return (offset) => {
    while (next !== -1 && next < offset) {
      line++;
      next = text.indexOf('\n', next + 1);
    }
    return line;
  };
}
