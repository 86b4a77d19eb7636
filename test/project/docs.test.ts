import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/lib/runtime/errors.ts';
import { EXIT_CODES } from '../../src/lib/runtime/exit-codes.ts';
import { callsOf, isKnownCall } from '../support/known-call.ts';
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
    const calls = ['README.md', ...globSync('docs/*.md', { cwd: projectRoot })]
      .flatMap((page) => shellLines(read(page)))
      .flatMap(callsOf);
    expect(calls.length).toBeGreaterThan(15);
    const unknown: string[] = [];
    for (const call of calls) {
      if (!(await isKnownCall(call))) unknown.push(`${call.program} ${call.words.join(' ')}`);
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

  it('give the exit code and the number of every error', () => {
    const rows = [...read('docs/umbrella.md').matchAll(/^\| (\d+) \| .* \| (.*) ?\|$/gm)];
    const documented = rows.flatMap(([, exit, errors = '']) =>
      [...errors.matchAll(/`([^`]+)` (\d+)/g)].map(([, code, number]) => [code, Number(number), Number(exit)] as const),
    );
    const table = Object.entries(ERROR_CODES).map(([code, { number, exit }]) => [code, number, exit] as const);
    expect(documented.toSorted()).toEqual(table.toSorted());
    expect(rows.map(([, exit]) => Number(exit))).toEqual(Object.values(EXIT_CODES));
  });
});

describe('a command line that no program knows', () => {
  it.each([
    ['spirekit', 'entry list'],
    ['spirekit', 'api fetch x509 --nosuchflag'],
    ['spire-agent', 'api fetch x509 --socket-path x'],
    ['spire-server', 'nonsense'],
  ] as const)('is found (%s %s)', async (program, line) => {
    expect(await isKnownCall({ program, words: line.split(' ') })).toBe(false);
  });

  it('is looked for in substitutions and behind dev exec too', () => {
    expect(callsOf('x=$(bin/spire-server a b | sed) && spirekit dev exec -- spirekit c')).toEqual([
      { program: 'spire-server', words: ['a', 'b'] },
      { program: 'spirekit', words: ['dev', 'exec', '--', 'spirekit', 'c'] },
    ]);
  });
});
