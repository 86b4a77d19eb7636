/**
 * Holds every import of `src` (static, type-only, dynamic and re-exports) against `import-rules.ts` and looks for cycles.
 * Prints one line for each violation and exits 1 if there is any; `--root DIR` checks another tree of the same shape.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { EXCEPTIONS, LAYERS, PACKAGES } from '../import-rules.ts';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const rootFlag = process.argv.indexOf('--root');
const root = rootFlag < 0 ? here : (process.argv[rootFlag + 1] ?? here);

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** All module specifiers of a file; a dynamic import counts where its argument is a plain string. */
function importsOf(file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const parsed = parseSync(file, source);
  if (parsed.errors.length > 0) throw new Error(`${file}: ${parsed.errors[0]?.message}`);
  const lineOf = (offset: number): number => source.slice(0, offset).split('\n').length;
  const found: Import[] = [];
  for (const i of parsed.module.staticImports) {
    found.push({ specifier: i.moduleRequest.value, line: lineOf(i.start) });
  }
  for (const e of parsed.module.staticExports) {
    for (const entry of e.entries) {
      if (entry.moduleRequest !== null) found.push({ specifier: entry.moduleRequest.value, line: lineOf(e.start) });
    }
  }
  for (const d of parsed.module.dynamicImports) {
    const text = source.slice(d.moduleRequest.start, d.moduleRequest.end);
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(text);
    if (literal?.[2] !== undefined) found.push({ specifier: literal[2], line: lineOf(d.start) });
  }
  // Import types (`import('x').T`) are not in the module record.
  for (const match of source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)\s*\./g)) {
    if (match[1] !== undefined) found.push({ specifier: match[1], line: lineOf(match.index) });
  }
  return found;
}

/** The row of the table that a file falls under: the longest folder that contains it. */
function layerOf(file: string): string | undefined {
  return Object.keys(LAYERS)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

const violations: string[] = [];
const graph = new Map<string, Set<string>>();
const files = globSync('src/**/*.ts', { cwd: root }).map((file) => file.split('\\').join('/'));

function checkInternal(file: string, layer: string, target: string, at: string): void {
  const targetLayer = layerOf(target);
  if (targetLayer === undefined) {
    violations.push(`${at} imports ${target}, which is in no layer`);
    return;
  }
  const allowed = [layer, ...(LAYERS[layer] ?? []), ...(EXCEPTIONS[file]?.may ?? [])];
  const isAllowed = allowed.some((folder) => targetLayer === folder || targetLayer.startsWith(`${folder}/`));
  if (!isAllowed) violations.push(`${at} imports ${target}: ${layer} may not use ${targetLayer}`);
}

function checkPackage(file: string, specifier: string, at: string): void {
  for (const [name, folders] of Object.entries(PACKAGES)) {
    if (specifier !== name && !specifier.startsWith(`${name}/`)) continue;
    if (!folders.some((folder) => file.startsWith(`${folder}/`))) {
      violations.push(`${at} imports ${specifier}, which only ${folders.join(', ')} may`);
    }
  }
}

for (const file of files) {
  const layer = layerOf(file);
  if (layer === undefined) {
    violations.push(`${file} is in no layer: add its folder to import-rules.ts`);
    continue;
  }
  const edges = new Set<string>();
  graph.set(file, edges);
  for (const { specifier, line } of importsOf(file)) {
    const at = `${file}:${line}`;
    if (!specifier.startsWith('.')) {
      checkPackage(file, specifier, at);
      continue;
    }
    const target = posix.normalize(posix.join(posix.dirname(file), specifier));
    if (!target.startsWith('src/')) {
      if (target !== 'package.json') violations.push(`${at} imports ${target}, which is outside src`);
      continue;
    }
    edges.add(target);
    checkInternal(file, layer, target, at);
  }
}

/** Reports each import cycle once, by a depth-first walk with three colours. */
function findCycles(): void {
  const state = new Map<string, 'open' | 'done'>();
  const walk = (file: string, path: readonly string[]): void => {
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) {
      const seen = state.get(next);
      if (seen === 'open') {
        violations.push(`import cycle: ${[...path.slice(path.indexOf(next)), next].join(' -> ')}`);
      } else if (seen === undefined) {
        walk(next, [...path, next]);
      }
    }
    state.set(file, 'done');
  };
  for (const file of graph.keys()) {
    if (!state.has(file)) walk(file, [file]);
  }
}
findCycles();

if (files.length === 0) violations.push(`no source file found under ${relative(process.cwd(), root) || '.'}`);
for (const violation of violations) console.error(violation);
console.log(`imports: ${files.length} files, ${violations.length} violations`);
process.exitCode = violations.length > 0 ? 1 : 0;
