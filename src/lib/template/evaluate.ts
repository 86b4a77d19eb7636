import type { Command, Node, Operand, Pipe } from './ast.ts';
import type { TemplateFunction } from './functions/function.ts';
import { TemplateError } from './template-error.ts';
import { Dictionary, describe, isList, isTrue, NIL, print, TemplateObject, type Value } from './values.ts';

/** How much a template may ask for. */
export interface TemplateLimits {
  /** Nodes, commands and turns of loops in one evaluation: loops in loops are otherwise all that takes long. */
  readonly maxSteps: number;
  /** Characters that come out. */
  readonly maxOutput: number;
}

/** For the paths of SPIFFE IDs, none of which is near as long. */
const PATH_LIMITS: TemplateLimits = { maxSteps: 100_000, maxOutput: 64 * 1024 };

/** Leaves the loop. */
class LoopExit extends Error {
  readonly kind: 'break' | 'continue';

  constructor(kind: 'break' | 'continue') {
    super(kind);
    this.kind = kind;
  }
}

/**
 * Fills a template in. A missing key of a map is an error, as with Go's option `missingkey=error`.
 *
 * @throws TemplateError
 */
export function evaluate(
  nodes: readonly Node[],
  data: Value,
  functions: ReadonlyMap<string, TemplateFunction>,
  limits: TemplateLimits = PATH_LIMITS,
): string {
  return new Evaluation(data, functions, limits).run(nodes);
}

class Evaluation {
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  readonly #limits: TemplateLimits;
  readonly #data: Value;
  readonly #variables: { readonly name: string; value: Value }[];
  #output = '';
  #steps = 0;

  constructor(data: Value, functions: ReadonlyMap<string, TemplateFunction>, limits: TemplateLimits) {
    this.#limits = limits;
    this.#data = data;
    this.#functions = functions;
    this.#variables = [{ name: '$', value: data }];
  }

  run(nodes: readonly Node[]): string {
    this.#list(nodes, this.#data);
    return this.#output;
  }

  #list(nodes: readonly Node[], dot: Value): void {
    const scope = this.#variables.length;
    try {
      for (const node of nodes) this.#node(node, dot);
    } finally {
      this.#variables.length = scope;
    }
  }

  #node(node: Node, dot: Value): void {
    this.#step();
    switch (node.kind) {
      case 'text':
        this.#write(node.text);
        return;
      case 'action': {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#write(print(value));
        return;
      }
      case 'if':
      case 'with': {
        const scope = this.#variables.length;
        const value = this.#pipe(node.pipe, dot);
        if (isTrue(value)) this.#list(node.then, node.kind === 'with' ? value : dot);
        else this.#list(node.otherwise, dot);
        this.#variables.length = scope;
        return;
      }
      case 'range':
        this.#range(node, dot);
        return;
      case 'break':
      case 'continue':
        throw new LoopExit(node.kind);
    }
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): void {
    const { pipe } = node;
    const over = this.#pipe({ ...pipe, variables: [] }, dot);
    const members = membersOf(over);
    if (members.length === 0) {
      this.#list(node.otherwise, dot);
      return;
    }
    const scope = this.#variables.length;
    for (const [key, value] of members) {
      this.#step();
      const [first, second] = pipe.variables;
      if (first !== undefined) this.#set(first, second === undefined ? value : key, pipe.isDeclaration);
      if (second !== undefined) this.#set(second, value, pipe.isDeclaration);
      try {
        this.#list(node.then, value);
      } catch (error) {
        if (!(error instanceof LoopExit)) throw error;
        if (error.kind === 'break') break;
      } finally {
        this.#variables.length = scope;
      }
    }
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    let value: Value | undefined;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    if (value === undefined) throw new TemplateError('a pipeline without commands');
    for (const name of pipe.variables) this.#set(name, value, pipe.isDeclaration);
    return value;
  }

  #command([first, ...rest]: Command, dot: Value, last: Value | undefined): Value {
    this.#step();
    if (first === undefined) throw new TemplateError('an empty command');
    if (first.kind === 'function') {
      const called = this.#functions.get(first.name);
      if (called === undefined) throw new TemplateError(`function ${JSON.stringify(first.name)} not defined`);
      const args = rest.map((operand) => () => this.#operand(operand, dot));
      if (last !== undefined) args.push(() => last);
      return called(args);
    }
    if (rest.length > 0 || last !== undefined) throw new TemplateError("can't give argument to non-function");
    if (first.kind === 'literal' && first.value === NIL) throw new TemplateError('nil is not a command');
    return this.#operand(first, dot);
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'field':
        return fieldsOf(dot, operand.names);
      case 'variable':
        return fieldsOf(this.#find(operand.name).value, operand.names);
      case 'group':
        return fieldsOf(this.#pipe(operand.pipe, dot), operand.names);
      case 'function':
        return this.#command([operand], dot, undefined);
      case 'literal':
        return operand.value;
    }
  }

  #set(name: string, value: Value, isDeclaration: boolean): void {
    if (isDeclaration) this.#variables.push({ name, value });
    else this.#find(name).value = value;
  }

  #find(name: string): { value: Value } {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
    return variable;
  }

  #step(): void {
    if (++this.#steps > this.#limits.maxSteps) throw new TemplateError('too many steps');
  }

  #write(text: string): void {
    this.#output += text;
    if (this.#output.length > this.#limits.maxOutput) throw new TemplateError('the result is too long');
  }
}

function membersOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value === NIL) return [];
  if (isList(value)) return value.map((item, index) => [index, item]);
  if (value instanceof Dictionary) return [...value.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value > PATH_LIMITS.maxSteps) throw new TemplateError('too many steps');
    return Array.from({ length: Math.max(0, value) }, (_, index) => [index, index]);
  }
  throw new TemplateError(`range can't iterate over ${describe(value)}`);
}

function fieldsOf(value: Value, names: readonly string[]): Value {
  let current = value;
  for (const name of names) {
    const found = findField(current, name);
    if (found === undefined) throw new TemplateError(`can't evaluate field ${name} in ${describe(current)}`);
    current = found;
  }
  return current;
}

function findField(value: Value, name: string): Value | undefined {
  if (value instanceof Dictionary) {
    const found = value.entries.get(name);
    if (found === undefined) throw new TemplateError(`map has no entry for key ${JSON.stringify(name)}`);
    return found;
  }
  return value instanceof TemplateObject ? value.find(name) : undefined;
}
