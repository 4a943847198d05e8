// The syntax of nginx configuration: directives made of words, ended by `;` or followed by a block (nginx: `ngx_conf_read_token`).
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Undefined: ended by `;`. */
  readonly block: readonly Directive[] | undefined;
  /** One-based, in the text. */
  readonly line: number;
}

const MAX_CHARACTERS = 64 * 1024;
const MAX_DIRECTIVES = 500;
const MAX_DEPTH = 8;

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  | { readonly kind: ';' | '{' | '}' | 'end'; readonly line: number };

/** The error ends a sentence that starts with "the snippet". */
export function parseDirectives(text: string): Result<readonly Directive[]> {
  if (text.length > MAX_CHARACTERS) return fail(`is longer than ${MAX_CHARACTERS} characters`);
  if (/[\0-\x08\x0b-\x0c\x0e-\x1f\x7f]/.test(text)) return fail('has a control character');
  const tokens = tokenise(text);
  if (!tokens.ok) return tokens;
  const parser = new Parser(tokens.value);
  const directives = parser.readBlock(0);
  return parser.error === undefined ? ok(directives) : fail(parser.error);
}

class Parser {
  error: string | undefined;
  readonly #tokens: readonly Token[];
  #at = 0;
  #count = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  readBlock(depth: number): readonly Directive[] {
    const directives: Directive[] = [];
    if (depth > MAX_DEPTH) this.#fail(`has blocks in more than ${MAX_DEPTH} levels`);
    while (this.error === undefined) {
      const token = this.#next();
      const isEnd = token.kind === (depth === 0 ? 'end' : '}');
      if (isEnd) break;
      if (token.kind !== 'word') this.#fail(`has ${describe(token)} in line ${token.line} where a directive was expected`);
      else directives.push(this.#readDirective(token.text, token.line, depth));
    }
    return directives;
  }

  #readDirective(name: string, line: number, depth: number): Directive {
    if (++this.#count > MAX_DIRECTIVES) this.#fail(`has more than ${MAX_DIRECTIVES} directives`);
    const args: string[] = [];
    for (let token = this.#next(); this.error === undefined; token = this.#next()) {
      if (token.kind === 'word') args.push(token.text);
      else if (token.kind === ';') return { name, args, block: undefined, line };
      else if (token.kind === '{') return { name, args, block: this.readBlock(depth + 1), line };
      else this.#fail(`has the directive ${name} in line ${line} without ";" at its end`);
    }
    return { name, args, block: undefined, line };
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? { kind: 'end', line: 0 };
  }

  #fail(error: string): void {
    this.error ??= error;
  }
}

function describe(token: Token): string {
  return token.kind === 'end' ? 'an end' : token.kind === 'word' ? token.text : `"${token.kind}"`;
}

function tokenise(text: string): Result<readonly Token[]> {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '\n') line++;
    if (/\s/.test(character)) at++;
    else if (character === '#') at = endOfLine(text, at);
    else if (character === ';' || character === '{' || character === '}') {
      tokens.push({ kind: character, line });
      at++;
    } else {
      const word = character === '"' || character === "'" ? readQuoted(text, at) : readBare(text, at);
      if (word === undefined) return fail(`has a quotation mark in line ${line} without its counterpart`);
      tokens.push({ kind: 'word', text: word.text, line });
      line += text.slice(at, word.end).split('\n').length - 1;
      at = word.end;
    }
  }
  tokens.push({ kind: 'end', line });
  return ok(tokens);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

interface Word {
  readonly text: string;
  /** Behind its last character. */
  readonly end: number;
}

function readQuoted(text: string, start: number): Word | undefined {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === quote) return { text: unescape(text.slice(start + 1, at)), end: at + 1 };
  }
  return undefined;
}

/** Up to white space, `;` or `{`; `${name}` does not end a word. */
function readBare(text: string, start: number): Word {
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '\\') at += 2;
    else if (character === '$' && text.charAt(at + 1) === '{') at = afterBrace(text, at);
    else if (/[\s;{}]/.test(character)) break;
    else at++;
  }
  return { text: unescape(text.slice(start, at)), end: Math.min(at, text.length) };
}

function afterBrace(text: string, at: number): number {
  const end = text.indexOf('}', at);
  return end < 0 ? text.length : end + 1;
}

/** Backslashes count before quotation marks, backslashes, t, r and n, and are kept elsewhere, for regular expressions. */
function unescape(text: string): string {
  return text.replaceAll(/\\(["'\\trn])/g, (_all, character: string) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };
