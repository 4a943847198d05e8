// Evaluates a parsed template against values, as Go's text/template does with Helm's option that a missing key of a map is nothing.
import { TemplateError } from './lexer.ts';
import { parseTemplate } from './parser.ts';
import type { Command, Node, Operand, Pipeline } from './parser.ts';
import { isList, isMap, isTrue, lazyFunctions, printValue, templateFunctions } from './functions.ts';
import type { Value } from './functions.ts';

export interface Definition {
  readonly file: string;
  readonly body: readonly Node[];
}

interface Scope {
  readonly dot: Value;
  readonly variables: Variables;
}

/** Variables of a block hide those around it; an assignment reaches the one that is visible. */
interface Variables {
  readonly values: Map<string, Value>;
  readonly outer: Variables | undefined;
}

export class Evaluator {
  private readonly definitions: ReadonlyMap<string, Definition>;

  constructor(definitions: ReadonlyMap<string, Definition>) {
    this.definitions = definitions;
  }

  render(definition: Definition, root: Value): string {
    return new Run(this.definitions, definition.file).render(definition.body, root);
  }
}

class Run {
  private readonly definitions: ReadonlyMap<string, Definition>;
  private readonly file: string;

  constructor(definitions: ReadonlyMap<string, Definition>, file: string) {
    this.definitions = definitions;
    this.file = file;
  }

  render(body: readonly Node[], root: Value): string {
    return this.printNodes(body, { dot: root, variables: { values: new Map([['$', root]]), outer: undefined } });
  }

  private printNodes(nodes: readonly Node[], scope: Scope): string {
    return nodes.map((node) => this.printNode(node, scope)).join('');
  }

  private printNode(node: Node, scope: Scope): string {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'output':
        return this.at(node.line, () => printValue(this.evaluate(node.pipeline, scope)));
      case 'set': {
        const value = this.at(node.line, () => this.evaluate(node.pipeline, scope));
        const target = node.isNew ? scope.variables : findVariable(scope.variables, node.name);
        if (target === undefined) throw new TemplateError(this.file, node.line, `there is no variable ${node.name}`);
        target.values.set(node.name, value);
        return '';
      }
      case 'if': {
        const branch = node.branches.find(({ condition, line }) => this.at(line, () => isTrue(this.evaluate(condition, scope))));
        return this.printNodes(branch === undefined ? node.otherwise : branch.body, inner(scope, scope.dot));
      }
      case 'with': {
        const value = this.at(node.line, () => this.evaluate(node.pipeline, scope));
        if (!isTrue(value)) return this.printNodes(node.otherwise, inner(scope, scope.dot));
        return this.printNodes(node.body, inner(scope, value, node.variables, [value]));
      }
      case 'range':
        return this.printRange(node, scope);
    }
  }

  private printRange(node: Extract<Node, { kind: 'with' | 'range' }>, scope: Scope): string {
    const items = this.at(node.line, () => itemsOf(this.evaluate(node.pipeline, scope)));
    if (items.length === 0) return this.printNodes(node.otherwise, inner(scope, scope.dot));
    return items
      .map(([key, value]) => {
        const bound = node.variables.length === 1 ? [value] : [key, value];
        return this.printNodes(node.body, inner(scope, value, node.variables, bound));
      })
      .join('');
  }

  private evaluate(pipeline: Pipeline, scope: Scope): Value {
    let piped: readonly (() => Value)[] = [];
    let value: Value;
    for (const command of pipeline) {
      value = this.call(command, piped, scope);
      const last = value;
      piped = [() => last];
    }
    return value;
  }

  private call({ functionName, operands }: Command, piped: readonly (() => Value)[], scope: Scope): Value {
    const args = [...operands.map((operand) => () => this.evaluateOperand(operand, scope)), ...piped];
    const [first] = args;
    if (functionName === undefined) {
      if (first === undefined || args.length > 1) throw new Error('a value cannot take the result of a pipeline');
      return first();
    }
    const lazy = own(lazyFunctions, functionName);
    if (lazy !== undefined) return lazy(args);
    const values = args.map((arg) => arg());
    if (functionName === 'include') return this.include(values);
    if (functionName === 'tpl') return this.printText(values);
    const plain = own(templateFunctions, functionName);
    if (plain === undefined) throw new Error(`the function "${functionName}" is not supported`);
    return plain(values);
  }

  private include([name, dot]: readonly Value[]): string {
    const definition = typeof name === 'string' ? this.definitions.get(name) : undefined;
    if (definition === undefined) throw new Error(`there is no template ${JSON.stringify(name)}`);
    return new Run(this.definitions, definition.file).render(definition.body, dot);
  }

  /** `tpl`: a value that is a template itself. */
  private printText([source, dot]: readonly Value[]): string {
    if (typeof source !== 'string') throw new Error('tpl needs a string');
    return this.render(parseTemplate(source, `${this.file} (tpl)`).body, dot);
  }

  private evaluateOperand(operand: Operand, scope: Scope): Value {
    if (operand.kind === 'literal') return operand.value;
    return operand.names.reduce(getField, this.evaluateRoot(operand, scope));
  }

  private evaluateRoot({ root }: Extract<Operand, { kind: 'path' }>, scope: Scope): Value {
    switch (root.kind) {
      case 'dot':
        return scope.dot;
      case 'variable': {
        const variables = findVariable(scope.variables, root.name);
        if (variables === undefined) throw new Error(`there is no variable ${root.name}`);
        return variables.values.get(root.name);
      }
      case 'group':
        return this.evaluate(root.pipeline, scope);
    }
  }

  /** Gives an error inside the place of the action; one that has a place already keeps it. */
  private at<T>(line: number, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      throw new TemplateError(this.file, line, error instanceof Error ? error.message : String(error));
    }
  }
}

function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function inner({ variables }: Scope, dot: Value, names: readonly string[] = [], values: readonly Value[] = []): Scope {
  return { dot, variables: { values: new Map(names.map((name, i) => [name, values[i]])), outer: variables } };
}

function findVariable(variables: Variables | undefined, name: string): Variables | undefined {
  for (let at = variables; at !== undefined; at = at.outer) if (at.values.has(name)) return at;
  return undefined;
}

/** A key that a map does not have is nothing; a field of nothing or of a scalar is an error, as in Go. */
function getField(value: Value, name: string): Value {
  if (!isMap(value)) throw new Error(`.${name} of something that is no map`);
  return own(value, name);
}

/** Maps in the order of their keys, as in Go. */
function itemsOf(value: Value): readonly (readonly [Value, Value])[] {
  if (isList(value)) return value.map((item, i) => [i, item]);
  if (isMap(value)) return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (value === undefined || value === null) return [];
  throw new Error('range needs a list or a map');
}
