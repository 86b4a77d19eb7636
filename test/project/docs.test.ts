import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CommandClass } from '../../src/lib/cli/command-class.ts';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { GoFlagSet } from '../../src/lib/cli/go-flags.ts';
import type { Program } from '../../src/lib/cli/programs.ts';
import { resolveWords } from '../../src/lib/cli/word-resolution.ts';
import { ERROR_CODES } from '../../src/lib/runtime/errors.ts';
import { projectRoot } from '../support/programs.ts';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const pages = globSync(['*.md', 'docs/*.md', 'src/**/*.md', 'test/*.md', 'test/*/*.md'], { cwd: projectRoot }).sort();

/** Targets of Markdown links, without anchors and addresses of the web. */
function relativeLinks(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

/** The lines of a page's shell blocks. */
function shellLines(text: string): string[] {
  return [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'));
}

/** Calls of our programs within a line, substitutions and the command of `dev exec` among them. */
function callsOf(line: string): { program: Program; words: string[] }[] {
  return [...line.matchAll(/(?:^|[\s(])(?:bin\/)?(spirekit|spire-agent|spire-server)((?: [^\s|;&()>]+)*)/g)].map(
    ([, program, rest = '']) => ({ program: program as Program, words: rest.trim().replaceAll('"', '').split(' ') }),
  );
}

/** Whether the program knows the words and flags of a call; placeholders and substitutions pass as values. */
async function isKnownCall(program: Program, argv: readonly string[]): Promise<boolean> {
  const resolution = resolveWords(commandTable(program).keys(), argv);
  if (resolution.kind === 'version' || (resolution.kind === 'top' && resolution.isAsked)) return true;
  if (resolution.kind !== 'command') return false;
  if (resolution.isHelp) return true;
  const path = commandTable(program).get(resolution.words) ?? '';
  const module: { default: CommandClass } = await import(
    pathToFileURL(join(projectRoot, 'src/commands', `${path}.ts`)).href
  );
  try {
    new GoFlagSet('readme', module.default.goFlags, program).parse(resolution.args, {
      stopsAtArgument: module.default.stopsAtArgument,
    });
    return true;
  } catch {
    return false;
  }
}

describe('the documents', () => {
  it.each(pages)('%s links to files that are there', (page) => {
    const links = relativeLinks(read(page));
    expect(links.filter((link) => !existsSync(join(projectRoot, dirname(page), link)))).toEqual([]);
  });

  it('give a reason for every dependency, and for none that is not there', () => {
    const manifests = [read('package.json'), read('toolchain/package.json')].map((text) => JSON.parse(text));
    const installed = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
      Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }),
    );
    const rows = read('docs/dependencies.md').matchAll(/^\| (`[^|]+) \|/gm);
    const named = [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(named.toSorted()).toEqual(installed.toSorted());
  });

  it('keep apart what is installed with the package and what is not', () => {
    const [, installed = ''] = read('docs/dependencies.md').split(/^## /m);
    const { dependencies } = JSON.parse(read('package.json'));
    expect([...installed.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name)).toEqual(Object.keys(dependencies));
  });

  it('show command lines that the programs know', async () => {
    const calls = ['README.md', 'docs/authorities.md', 'docs/backup.md', 'docs/remote.md']
      .flatMap((page) => shellLines(read(page)))
      .flatMap(callsOf);
    expect(calls.length).toBeGreaterThan(15);
    const unknown: string[] = [];
    for (const { program, words } of calls) {
      if (!(await isKnownCall(program, words))) unknown.push(`${program} ${words.join(' ')}`);
    }
    expect(unknown).toEqual([]);
  });

  it('show npm scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = ['README.md', 'CONTRIBUTING.md', 'src/lib/README.md'].flatMap((page) => [
      ...read(page).matchAll(/(?:`|^|&& )npm (?:run )?([a-z]+)/gm),
    ]);
    const unknown = named.map(([, name = '']) => name).filter((name) => !(name in scripts) && name !== 'ci');
    expect(unknown).toEqual([]);
  });

  it('give the exit code of every error', () => {
    const rows = [...read('docs/umbrella.md').matchAll(/^\| (\d+) \| .* \| (.*) \|$/gm)];
    const documented = rows.flatMap(([, exit, errors = '']) =>
      [...errors.matchAll(/`([^`]+)`/g)].map(([, code]) => [code, Number(exit)] as const),
    );
    const table = Object.entries(ERROR_CODES).map(([code, { exit }]) => [code, exit] as const);
    expect(documented.toSorted()).toEqual(table.toSorted());
  });
});

describe('a command line that no program knows', () => {
  it.each([
    ['spirekit', 'entry list'],
    ['spirekit', 'api fetch x509 --nosuchflag'],
    ['spire-agent', 'api fetch x509 --socket-path x'],
    ['spire-server', 'nonsense'],
  ] as const)('is found (%s %s)', async (program, line) => {
    expect(await isKnownCall(program, line.split(' '))).toBe(false);
  });

  it('is looked for in substitutions and behind dev exec too', () => {
    expect(callsOf('x=$(bin/spire-server a b | sed) && spirekit dev exec -- spirekit c')).toEqual([
      { program: 'spire-server', words: ['a', 'b'] },
      { program: 'spirekit', words: ['dev', 'exec', '--', 'spirekit', 'c'] },
    ]);
  });
});
