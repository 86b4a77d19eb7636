import { parseSync } from 'oxc-parser';

/** A module with counters in it, and what its text says that an input may have to say too. */
export interface Instrumented {
  readonly source: string;
  /** Short string literals: words that parsers look for. */
  readonly words: readonly string[];
}

/** A node of the syntax tree; the parser's own types have no common form to walk by. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** Hands out the next number of a counter. */
export type NextCounter = () => number;

/**
 * Puts counters into a module: one for each function, block, case and right-hand side, two for each condition (true and
 * false). They are read by `coverage.ts`; line numbers stay as they are.
 */
export function instrument(file: string, source: string, next: NextCounter): Instrumented {
  const { program, errors } = parseSync(file, source);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  const inserts: { at: number; text: string }[] = [];
  const words = new Set<string>();
  const insert = (at: number, text: string): void => {
    inserts.push({ at, text });
  };
  const wrap = ({ start, end }: Node, before: string, after: string): void => {
    insert(start, before);
    // What ends at the same place and began later is closed first.
    inserts.unshift({ at: end, text: after });
  };
  const condition = (test: unknown): void => {
    const first = next();
    next();
    if (isNode(test)) wrap(test, `__b(${first},(`, '))');
  };
  const statement = (body: unknown): void => {
    if (isNode(body) && body.type !== 'BlockStatement' && body.type !== 'IfStatement') {
      wrap(body, `{__c(${next()});`, '}');
    }
  };
  const visit = (node: Node): void => {
    switch (node.type) {
      case 'BlockStatement':
      case 'FunctionBody':
        insert(node.start + 1, `__c(${next()});`);
        break;
      case 'ArrowFunctionExpression':
        if (isNode(node['body']) && node['expression'] === true) wrap(node['body'], `(__c(${next()}),`, ')');
        break;
      case 'IfStatement':
        condition(node['test']);
        statement(node['consequent']);
        statement(node['alternate']);
        break;
      case 'ConditionalExpression':
        condition(node['test']);
        break;
      case 'ForStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        condition(node['test']);
        statement(node['body']);
        break;
      case 'ForOfStatement':
      case 'ForInStatement':
        statement(node['body']);
        break;
      case 'LogicalExpression':
        if (isNode(node['right'])) wrap(node['right'], `(__c(${next()}),`, ')');
        break;
      case 'SwitchCase': {
        const [first] = Array.isArray(node['consequent']) ? node['consequent'] : [];
        if (isNode(first)) insert(first.start, `__c(${next()});`);
        break;
      }
      case 'Literal':
        if (typeof node['value'] === 'string' && isWord(node['value'])) words.add(node['value']);
        break;
    }
    for (const [field, child] of Object.entries(node))
      if (!TYPES.has(field)) for (const each of nodesOf(child)) visit(each);
  };
  visit({ ...program, type: 'Program' });
  return { source: `const {count:__c,branch:__b}=globalThis.__coverage;${apply(source, inserts)}`, words: [...words] };
}

/** Fields with nothing in them that runs. */
const TYPES = new Set(['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'source']);

/** Longer literals are sentences for people. */
const LONGEST_WORD = 24;

function isWord(text: string): boolean {
  return text.length > 0 && text.length <= LONGEST_WORD && !/ .* /.test(text);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function nodesOf(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.filter(isNode);
  return isNode(value) ? [value] : [];
}

function apply(source: string, inserts: { at: number; text: string }[]): string {
  // The sort is stable: of what goes to one place, closing brackets come first, as they were put first.
  const ordered = [...inserts].sort((a, b) => a.at - b.at);
  let out = '';
  let done = 0;
  for (const { at, text } of ordered) {
    out += source.slice(done, at) + text;
    done = at;
  }
  return out + source.slice(done);
}
