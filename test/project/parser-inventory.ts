import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';
import { projectRoot } from '../support/programs.ts';

/** What functions are called that read text or bytes from outside, write them, or check or convert between forms. */
const PARSER_NAME =
  /^(?:parse|decode|read|format|encode|expand|split|render|redact|unpad|check)(?:[A-Z]|$)|^from(?:[A-Z]|$)|(?:From|To)(?:Wire|Row)$|^to(?:Entry|Node)Row$|(?:Json|Text|Quote|Pkcs8|Jwk|FieldName)$|Fault$|^pem[A-Z]/;

/** Classes that read: a stream in pieces, or a form with state. */
const READER_NAME = /(?:Reader|Decoder|FlagSet|Cursor)$/;

/** Whatever runs but for generated code and commands, which only call what is here. */
const SOURCES = ['src/lib/**/*.ts'];
const LEFT_OUT = /\/wire\/gen\//;

/** A node of the syntax tree, walked without knowing its kind. */
interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Every exported function, static method and class with such a name, as `path#name`. */
export function findParsers(): string[] {
  const files = globSync(SOURCES, { cwd: projectRoot }).filter((file) => !LEFT_OUT.test(file));
  const isParser = (name: string): boolean => PARSER_NAME.test(name) || READER_NAME.test(name);
  return files
    .flatMap((file) =>
      exportedNames(file)
        .filter(isParser)
        .map((name) => `${file}#${name}`),
    )
    .sort();
}

/** The functions, static methods and classes that a file exports. */
export function exportedNames(file: string): string[] {
  const names: string[] = [];
  for (const statement of parse(file)) {
    if (statement.type !== 'ExportNamedDeclaration' || !isNode(statement['declaration'])) continue;
    const { declaration } = statement;
    for (const node of [declaration, ...nodesIn(declaration['declarations']), ...staticMethods(declaration)]) {
      if (node.type === 'ClassDeclaration' || isFunction(node)) names.push(nameOf(node['id'] ?? node['key']));
    }
  }
  return names;
}

function staticMethods(declaration: Node): Node[] {
  if (declaration.type !== 'ClassDeclaration' || !isNode(declaration['body'])) return [];
  return nodesIn(declaration['body']['body']).filter(
    (member) =>
      member.type === 'MethodDefinition' && member['static'] === true && !nameOf(member['key']).startsWith('#'),
  );
}

function isFunction(node: Node): boolean {
  if (node.type === 'VariableDeclarator') {
    return isNode(node['init']) && node['init'].type === 'ArrowFunctionExpression';
  }
  return node.type === 'FunctionDeclaration' || node.type === 'MethodDefinition';
}

/**
 * The names that a test file uses within its properties: in the calls of `fc.property` and `fc.asyncProperty`, and in
 * the functions and constants of the file that these use.
 */
export function namesInProperties(file: string): ReadonlySet<string> {
  const program = parse(file);
  const own = new Map<string, Set<string>>();
  const used = new Set<string>();
  walk(program, (node) => {
    if (node.type === 'CallExpression' && /^(?:async)?property$/i.test(calledName(node))) {
      for (const name of identifiersIn(node)) used.add(name);
    }
    if (node.type === 'FunctionDeclaration' || node.type === 'VariableDeclarator') {
      own.set(nameOf(node['id']), identifiersIn(node));
    }
  });
  // A set that grows while it is walked is walked to its end.
  for (const name of used) for (const further of own.get(name) ?? []) used.add(further);
  return used;
}

/** Every file that a file imports, by whatever way. */
export function importsOf(file: string): ReadonlySet<string> {
  const found = new Set([file]);
  for (const each of found) for (const imported of directImports(each)) found.add(imported);
  return found;
}

/** By file: most are imported by many. */
const imports = new Map<string, readonly string[]>();

function directImports(file: string): readonly string[] {
  const known = imports.get(file);
  if (known !== undefined) return known;
  const { module } = parseSync(file, read(file));
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value ?? '')),
  ];
  const found = specifiers.flatMap((specifier) =>
    specifier.startsWith('.') ? [posix.join(posix.dirname(file), specifier)] : [],
  );
  imports.set(file, found);
  return found;
}

function calledName(call: Node): string {
  const callee = isNode(call['callee']) ? call['callee'] : undefined;
  return callee?.type === 'MemberExpression' ? nameOf(callee['property']) : '';
}

function identifiersIn(node: Node): Set<string> {
  const names = new Set<string>();
  walk([node], (each) => {
    if (each.type === 'Identifier') names.add(nameOf(each));
  });
  return names;
}

function nameOf(node: unknown): string {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : '';
}

function walk(nodes: readonly Node[], visit: (node: Node) => void): void {
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    visit(node);
    for (const child of Object.values(node)) open.push(...nodesIn(child));
  }
}

function nodesIn(value: unknown): Node[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function parse(file: string): Node[] {
  return nodesIn(parseSync(file, read(file)).program.body);
}

function read(file: string): string {
  return readFileSync(join(projectRoot, file), 'utf8');
}
