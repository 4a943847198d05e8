// Splits a Go template into text and actions, and an action into tokens (Go text/template, "Text and spaces" and "Arguments").
// Invariant: what an action writes never depends on white space inside it; `{{-` and `-}}` take the white space beside them.

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly line: number };

export type Token =
  /** `.a.b` after a space is the field of dot; after another token without a space it is a field of that token's value. */
  | { readonly kind: 'field'; readonly names: readonly string[]; readonly isChained: boolean }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'symbol'; readonly text: '(' | ')' | '|' | ':=' | '=' | ',' };

export class TemplateError extends Error {
  constructor(file: string, line: number, message: string) {
    super(`${file}:${String(line)}: ${message}`);
    this.name = 'TemplateError';
  }
}

const SPACE = /[ \t\r\n]/;
const TOKEN =
  /(?<space>\s+)|(?<symbol>:=|[()|=,])|(?<variable>\$[A-Za-z_0-9]*)|(?<field>(?:\.[A-Za-z_][A-Za-z_0-9]*)+|\.)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<raw>`[^`]*`)|(?<number>-?\d+(?:\.\d+)?)|(?<word>[A-Za-z_][A-Za-z_0-9]*)/y;

export function lexTemplate(source: string, file: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let line = 1;
  let isTrimming = false;
  const pushText = (text: string): void => {
    const kept = isTrimming ? text.replace(/^[ \t\r\n]+/, '') : text;
    if (kept !== '') pieces.push({ kind: 'text', text: kept });
  };
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    if (open === -1) break;
    const isTrimmedBefore = source[open + 2] === '-' && SPACE.test(source[open + 3] ?? '');
    const before = source.slice(at, open);
    pushText(isTrimmedBefore ? before.replace(/[ \t\r\n]+$/, '') : before);
    line += countLines(before);
    const start = open + (isTrimmedBefore ? 3 : 2);
    const isComment = /^\s*\/\*/.test(source.slice(start, start + 20));
    const close = isComment ? source.indexOf('}}', source.indexOf('*/', start)) : findClose(source, start);
    if (close === -1) throw new TemplateError(file, line, 'this action has no end');
    isTrimming = source[close - 1] === '-' && SPACE.test(source[close - 2] ?? '');
    const body = source.slice(start, isTrimming ? close - 1 : close);
    if (!isComment) pieces.push({ kind: 'action', tokens: lexAction(body, file, line), line });
    line += countLines(source.slice(open, close));
    at = close + 2;
  }
  pushText(source.slice(at));
  return pieces;
}

/** The end of an action; `}}` inside a string does not count. */
function findClose(source: string, start: number): number {
  let quote = '';
  for (let i = start; i < source.length; i++) {
    const c = source[i] ?? '';
    if (quote !== '') {
      if (c === '\\' && quote === '"') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === '`') quote = c;
    else if (c === '}' && source[i + 1] === '}') return i;
  }
  return -1;
}

function lexAction(body: string, file: string, line: number): readonly Token[] {
  const tokens: Token[] = [];
  let hadSpace = true;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < body.length) {
    const from = TOKEN.lastIndex;
    const groups = TOKEN.exec(body)?.groups;
    if (groups === undefined) throw new TemplateError(file, line, `cannot read ${JSON.stringify(body.slice(from, from + 20))}`);
    const token = makeToken(groups, !hadSpace && isValueEnd(tokens.at(-1)));
    if (token !== undefined) tokens.push(token);
    hadSpace = token === undefined;
  }
  return tokens;
}

function isValueEnd(token: Token | undefined): boolean {
  return token?.kind === 'variable' || (token?.kind === 'symbol' && token.text === ')');
}

function makeToken(groups: Readonly<Record<string, string | undefined>>, isChained: boolean): Token | undefined {
  const { symbol, variable, field, string, raw, number, word } = groups;
  if (symbol === '(' || symbol === ')' || symbol === '|' || symbol === ':=' || symbol === '=' || symbol === ',') {
    return { kind: 'symbol', text: symbol };
  }
  if (variable !== undefined) return { kind: 'variable', name: variable };
  if (field !== undefined) return { kind: 'field', names: field === '.' ? [] : field.slice(1).split('.'), isChained };
  if (string !== undefined) return { kind: 'string', value: String(JSON.parse(string)) };
  if (raw !== undefined) return { kind: 'string', value: raw.slice(1, -1) };
  if (number !== undefined) return { kind: 'number', value: Number(number) };
  if (word !== undefined) return { kind: 'word', text: word };
  return undefined;
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
