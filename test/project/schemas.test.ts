import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { resolveWords } from '../../src/lib/cli/word-resolution.ts';
import { type GoldenStep, splitCommandLine } from '../golden/golden-file.ts';
import { openGolden, ownGoldenFiles } from '../golden/own-files.ts';
import { compileSchema, findSchemaFault, schemaFiles } from '../support/json-schemas.ts';
import { projectRoot } from '../support/programs.ts';

const files = schemaFiles();
const readSchema = (file: string): Node => JSON.parse(readFileSync(join(projectRoot, 'schemas', file), 'utf8'));
const nameOf = (file: string): string => basename(file, '.v1.json');

interface Node {
  readonly [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every schema within a schema, with its path. */
function* within(node: unknown, path: string): Generator<readonly [string, Node]> {
  if (Array.isArray(node)) for (const [index, item] of node.entries()) yield* within(item, `${path}/${index}`);
  if (!isNode(node)) return;
  yield [path, node];
  for (const [key, value] of Object.entries(node)) yield* within(value, `${path}/${key}`);
}

/** Forms of files, which the documentation describes: nothing prints them as an answer. */
const FILE_FORMS = ['entry-undo', 'workload-api-recording'];

/** The forms that the sources name, by the schema's name. */
function namedInSources(): string[] {
  const texts = globSync('src/**/*.ts', { cwd: projectRoot }).map((path) =>
    readFileSync(join(projectRoot, path), 'utf8'),
  );
  const names = texts.flatMap((text) =>
    [...text.matchAll(/(['"])"?([a-z][a-z-]*)\/v1"?\1/g)].map(([, , name = '']) => name),
  );
  return [...new Set(names)].filter((name) => !FILE_FORMS.includes(name)).sort();
}

/** Steps of golden files that print JSON. */
function jsonSteps(): (GoldenStep & { readonly file: string })[] {
  return ownGoldenFiles().flatMap((file) =>
    openGolden(file)
      .steps.filter(({ stdout }) => stdout.startsWith('{') || stdout.startsWith('['))
      .filter(({ line }) => /--?(output[ =]json|json)\b(?!l)/.test(line))
      .map((step) => ({ ...step, file })),
  );
}

describe('the schemas', () => {
  it.each(files)('%s is a schema that a strict reader takes', (file) => {
    expect(() => compileSchema(file)).not.toThrow();
  });

  it.each(files)('%s says what each field is, and allows no other', (file) => {
    const schema = readSchema(file);
    expect(schema['title']).toEqual(expect.any(String));
    const faults: string[] = [];
    for (const [path, node] of within(schema, '')) {
      const { properties } = node;
      if (!isNode(properties) || path.endsWith('/properties')) continue;
      if (node['additionalProperties'] !== false) faults.push(`${path}: additionalProperties is not false`);
      for (const [name, property] of Object.entries(properties)) {
        const isSaid = isNode(property) && ('description' in property || '$ref' in property);
        if (!isSaid) faults.push(`${path}/${name}: no description`);
      }
    }
    expect(faults).toEqual([]);
  });

  it.each(files)('%s is of the form that its name says', (file) => {
    const { properties } = readSchema(file);
    expect(properties).toMatchObject({ schema: { const: `${nameOf(file)}/v1` } });
    expect(Object.keys(isNode(properties) ? properties : {})[0]).toBe('schema');
  });

  it('are there for every form that a command prints or writes, and for no other', () => {
    expect(files.map(nameOf).sort()).toEqual(namedInSources());
  });

  it('are all listed in docs/output.md', () => {
    const page = readFileSync(join(projectRoot, 'docs/output.md'), 'utf8');
    const listed = [...page.matchAll(/\(\.\.\/schemas\/([\w.-]+)\)/g)].map(([, file]) => file);
    expect(listed.toSorted(), 'add a row to the table of forms in docs/output.md').toEqual(files.toSorted());
  });
});

describe('JSON in golden files', () => {
  // Live ones have words in place of what differs; golden.test.ts holds what was printed against the schemas.
  const steps = jsonSteps().filter(({ file }) => file.startsWith('spirekit/'));

  it.each(steps)('$file: $line fits its schema', ({ stdout }) => {
    expect(findSchemaFault(stdout)).toBeUndefined();
  });

  it('has a schema wherever the command is our own', () => {
    const spires = new Set([...commandTable('spire-agent').values(), ...commandTable('spire-server').values()]);
    const table = commandTable('spirekit');
    const without = jsonSteps().filter(({ line, stdout }) => {
      const resolution = resolveWords(table.keys(), splitCommandLine(line).argv.slice(1));
      if (resolution.kind !== 'command') return false;
      return !spires.has(table.get(resolution.words) ?? '') && !/^\{"schema":"[a-z-]+\/v1"/.test(stdout);
    });
    expect(without.map(({ file, line }) => `${file}: ${line}`)).toEqual([]);
  });
});
