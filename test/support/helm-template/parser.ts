// Parses the pieces of a Go template into a tree: if / else if / else, range, with, define, template calls through `include`, variables
// and pipelines. Everything else that Go knows (block, break, continue, template, methods) is an error, so that the chart cannot use
// what this renderer does not do.
import { lexTemplate, TemplateError } from './lexer.ts';
import type { Piece, Token } from './lexer.ts';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline; readonly line: number }
  | { readonly kind: 'set'; readonly name: string; readonly isNew: boolean; readonly pipeline: Pipeline; readonly line: number }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: readonly Node[] }
  | {
      readonly kind: 'with' | 'range';
      readonly pipeline: Pipeline;
      /** `$key, $value :=` of a range, `$value :=` of both; empty where absent. */
      readonly variables: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly line: number;
    };

export interface Branch {
  readonly condition: Pipeline;
  readonly body: readonly Node[];
  readonly line: number;
}

/** Each command gets the value of the one before as its last argument. */
export type Pipeline = readonly Command[];

export interface Command {
  /** Undefined: the command is one operand. */
  readonly functionName: string | undefined;
  readonly operands: readonly Operand[];
}

export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'path'; readonly root: Root; readonly names: readonly string[] };

export type Root =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'group'; readonly pipeline: Pipeline };

export interface ParsedTemplate {
  readonly file: string;
  readonly body: readonly Node[];
  readonly definitions: ReadonlyMap<string, readonly Node[]>;
}

export function parseTemplate(source: string, file: string): ParsedTemplate {
  const parser = new Parser(lexTemplate(source, file), file);
  const body = parser.parseAll();
  return { file, body, definitions: parser.definitions };
}

class Parser {
  readonly definitions = new Map<string, readonly Node[]>();
  private readonly pieces: readonly Piece[];
  private readonly file: string;
  private at = 0;

  constructor(pieces: readonly Piece[], file: string) {
    this.pieces = pieces;
    this.file = file;
  }

  parseAll(): readonly Node[] {
    const { nodes, end } = this.parseUntilEnd();
    if (end !== undefined) throw new TemplateError(this.file, end.line, `"${end.keyword}" without a beginning`);
    return nodes;
  }

  /** Nodes up to `end` or `else` on this level, or to the end of the file. */
  private parseUntilEnd(): { nodes: readonly Node[]; end: { keyword: string; rest: readonly Token[]; line: number } | undefined } {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.pieces[this.at];
      if (piece === undefined) return { nodes, end: undefined };
      this.at++;
      if (piece.kind === 'text') {
        nodes.push(piece);
        continue;
      }
      const [first, ...rest] = piece.tokens;
      const keyword = first?.kind === 'word' ? first.text : '';
      if (keyword === 'end' || keyword === 'else') return { nodes, end: { keyword, rest, line: piece.line } };
      const node = this.parseAction(keyword, piece.tokens, piece.line);
      if (node !== undefined) nodes.push(node);
    }
  }

  private parseAction(keyword: string, tokens: readonly Token[], line: number): Node | undefined {
    const rest = tokens.slice(1);
    switch (keyword) {
      case 'if':
        return this.parseIf(rest, line);
      case 'with':
      case 'range':
        return this.parseScoped(keyword, rest, line);
      case 'define': {
        const [name] = rest;
        if (name?.kind !== 'string') throw new TemplateError(this.file, line, 'define needs a name');
        const body = this.parseUntilEnd();
        if (body.end?.keyword !== 'end') throw new TemplateError(this.file, line, 'define has no end');
        this.definitions.set(name.value, body.nodes);
        return undefined;
      }
      case 'block':
      case 'break':
      case 'continue':
      case 'template':
        throw new TemplateError(this.file, line, `"${keyword}" is not supported`);
      default:
        return this.parseOutput(tokens, line);
    }
  }

  private parseOutput(tokens: readonly Token[], line: number): Node {
    const [variable, sign] = tokens;
    if (variable?.kind === 'variable' && sign?.kind === 'symbol' && (sign.text === ':=' || sign.text === '=')) {
      const pipeline = this.parsePipeline(tokens.slice(2), line);
      return { kind: 'set', name: variable.name, isNew: sign.text === ':=', pipeline, line };
    }
    return { kind: 'output', pipeline: this.parsePipeline(tokens, line), line };
  }

  private parseIf(tokens: readonly Token[], line: number): Node {
    const branches: Branch[] = [];
    let condition = tokens;
    for (;;) {
      const { nodes, end } = this.parseUntilEnd();
      if (end === undefined) throw new TemplateError(this.file, line, 'if has no end');
      branches.push({ condition: this.parsePipeline(condition, line), body: nodes, line });
      if (end.keyword === 'end') return { kind: 'if', branches, otherwise: [] };
      const [next, ...rest] = end.rest;
      if (next?.kind === 'word' && next.text === 'if') {
        condition = rest;
        continue;
      }
      return { kind: 'if', branches, otherwise: this.parseLast(line) };
    }
  }

  private parseScoped(kind: 'with' | 'range', tokens: readonly Token[], line: number): Node {
    const assign = tokens.findIndex((token) => token.kind === 'symbol' && token.text === ':=');
    const variables = tokens.slice(0, Math.max(assign, 0)).flatMap((token) => (token.kind === 'variable' ? [token.name] : []));
    const pipeline = this.parsePipeline(tokens.slice(assign + 1), line);
    const { nodes, end } = this.parseUntilEnd();
    if (end === undefined) throw new TemplateError(this.file, line, `${kind} has no end`);
    if (end.rest.length > 0) throw new TemplateError(this.file, end.line, `"else ..." of ${kind} is not supported`);
    const otherwise = end.keyword === 'end' ? [] : this.parseLast(line);
    return { kind, pipeline, variables, body: nodes, otherwise, line };
  }

  private parseLast(line: number): readonly Node[] {
    const { nodes, end } = this.parseUntilEnd();
    if (end?.keyword !== 'end') throw new TemplateError(this.file, line, 'this has no end, or a second else');
    return nodes;
  }

  private parsePipeline(tokens: readonly Token[], line: number): Pipeline {
    const commands = splitAtPipes(tokens).map((part) => this.parseCommand(part, line));
    return commands;
  }

  private parseCommand(tokens: readonly Token[], line: number): Command {
    const [first] = tokens;
    if (first === undefined) throw new TemplateError(this.file, line, 'a command is empty');
    const isFunction = first.kind === 'word' && !isConstant(first.text);
    const operands = this.parseOperands(isFunction ? tokens.slice(1) : tokens, line);
    if (!isFunction && operands.length !== 1) throw new TemplateError(this.file, line, 'a value cannot be called');
    return { functionName: isFunction ? first.text : undefined, operands };
  }

  private parseOperands(tokens: readonly Token[], line: number): readonly Operand[] {
    const operands: Operand[] = [];
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      if (token === undefined) break;
      if (token.kind === 'field' && token.isChained) {
        const last = operands.pop();
        if (last?.kind !== 'path') throw new TemplateError(this.file, line, 'a field of a literal');
        operands.push({ ...last, names: [...last.names, ...token.names] });
      } else if (token.kind === 'symbol' && token.text === '(') {
        const close = findGroupEnd(tokens, i);
        if (close === -1) throw new TemplateError(this.file, line, '"(" without ")"');
        operands.push({ kind: 'path', root: { kind: 'group', pipeline: this.parsePipeline(tokens.slice(i + 1, close), line) }, names: [] });
        i = close;
      } else {
        operands.push(this.parseSimpleOperand(token, line));
      }
    }
    return operands;
  }

  private parseSimpleOperand(token: Token, line: number): Operand {
    switch (token.kind) {
      case 'field':
        return { kind: 'path', root: { kind: 'dot' }, names: token.names };
      case 'variable':
        return { kind: 'path', root: { kind: 'variable', name: token.name }, names: [] };
      case 'string':
      case 'number':
        return { kind: 'literal', value: token.value };
      case 'word':
        if (token.text === 'nil') return { kind: 'literal', value: null };
        if (isConstant(token.text)) return { kind: 'literal', value: token.text === 'true' };
        throw new TemplateError(this.file, line, `the function "${token.text}" as an argument needs parentheses`);
      case 'symbol':
        throw new TemplateError(this.file, line, `"${token.text}" does not belong here`);
    }
  }
}

function isConstant(word: string): boolean {
  return word === 'true' || word === 'false' || word === 'nil';
}

function splitAtPipes(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === '(') depth++;
    if (token.kind === 'symbol' && token.text === ')') depth--;
    if (depth === 0 && token.kind === 'symbol' && token.text === '|') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function findGroupEnd(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i];
    if (token?.kind !== 'symbol') continue;
    if (token.text === '(') depth++;
    if (token.text === ')' && --depth === 0) return i;
  }
  return -1;
}
