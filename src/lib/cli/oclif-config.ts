import type { Config } from '@oclif/core';
import { TOPICS } from './command-table.ts';
import { readPackageInfo } from './package-info.ts';
import type { TextOutput } from './text-output.ts';

/** The first line stands above the help of the whole program, the rest below its usage. */
const DESCRIPTION = `Workload identity: SPIRE's commands, and a server and agent of its own
Who am I?              spirekit api fetch x509
Who may be what?       spirekit entry show
Why did I get none?    spirekit why
What is wrong here?    spirekit doctor
Nothing running yet?   spirekit dev exec -- spirekit api fetch x509

Any command or group explains itself with --help.`;

/** Loads oclif, its configuration and every command's metadata: for help and lists, never on the way to a command. */
export async function loadOclifConfig(): Promise<Config> {
  const oclif = await import('@oclif/core');
  const { root, manifest } = readPackageInfo();
  const isSource = import.meta.filename.endsWith('.ts');
  const target = isSource ? './src/commands' : './dist/commands';
  // oclif reads its settings from the package.json; only the folder of the commands differs between sources and bundle.
  const settings = typeof manifest['oclif'] === 'object' ? manifest['oclif'] : {};
  const pjson = {
    ...manifest,
    oclif: {
      ...settings,
      commands: { strategy: 'pattern', target },
      topics: topics(),
      description: DESCRIPTION,
    },
  };
  return oclif.Config.load({
    root,
    ignoreManifest: isSource,
    pjson: pjson as unknown as Config['pjson'],
    // Else oclif runs what XDG_DATA_HOME or HOME lead to, and sudo may keep those of another user.
    userPlugins: false,
    devPlugins: false,
  });
}

/** oclif writes into what it is given. */
function topics(): Record<string, { description: string }> {
  return Object.fromEntries(Object.entries(TOPICS).map(([name, topic]) => [name, { ...topic }]));
}

/** Prints oclif's help for the words of a command or topic, or for the program if there are none. */
export async function showOclifHelp(words: readonly string[], output: TextOutput): Promise<void> {
  const [{ Help }, config] = await Promise.all([import('@oclif/core'), loadOclifConfig()]);
  class HelpOnOutput extends Help {
    protected override log(...texts: string[]): void {
      output.write(`${texts.join(' ')}\n`);
    }
  }
  await new HelpOnOutput(config, { hideCommandSummaryInDescription: true }).showHelp([...words]);
}
