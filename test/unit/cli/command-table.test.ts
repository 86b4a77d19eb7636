import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import { commandTable, TOPICS } from '../../../src/lib/cli/command-table.ts';
import { loadOclifConfig } from '../../../src/lib/cli/oclif-config.ts';
import { kebabFlagName } from '../../../src/lib/cli/programs.ts';
import { umbrellaFlags } from '../../../src/lib/cli/umbrella-flags.ts';
import { projectRoot } from '../../support/programs.ts';

const folder = join(projectRoot, 'src/commands');
const files = globSync('**/*.ts', { cwd: folder }).map((file) => file.replace(/\.ts$/, ''));

const load = async (path: string): Promise<CommandClass> => {
  const module: { default: CommandClass } = await import(join(folder, `${path}.ts`));
  return module.default;
};

describe('the command table', () => {
  it('has every file of src/commands on the umbrella and names no other', () => {
    expect([...new Set(commandTable('spirekit').values())].sort()).toEqual(files.sort());
  });

  it('leads the drop-ins only to commands that the umbrella has', () => {
    const all = new Set(commandTable('spirekit').values());
    for (const program of ['spire-agent', 'spire-server'] as const) {
      for (const path of commandTable(program).values()) expect(all).toContain(path);
    }
  });

  it('is what oclif finds by itself, with the flags each command declares', async () => {
    const config = await loadOclifConfig();
    expect(config.commands.map(({ id }) => id.replaceAll(':', '/')).sort()).toEqual(files.sort());
    for (const command of config.commands) {
      const { goFlags, summary } = await load(command.id.replaceAll(':', '/'));
      expect(command.summary).toBe(summary);
      expect(Object.keys(command.flags).sort()).toEqual(Object.keys(umbrellaFlags(goFlags)).map(kebabFlagName).sort());
    }
  });

  it('has no two flags of a command with the same kebab-case name', async () => {
    for (const file of files) {
      const names = Object.keys(umbrellaFlags((await load(file)).goFlags)).map(kebabFlagName);
      expect(new Set(names).size, file).toBe(names.length);
    }
  });

  it('tells what each group of words is about', () => {
    const groups = files.flatMap((file) =>
      file
        .split('/')
        .slice(0, -1)
        .map((_, index, words) => words.slice(0, index + 1).join(':')),
    );
    expect(Object.keys(TOPICS)).toEqual(expect.arrayContaining([...new Set(groups)]));
  });
});
