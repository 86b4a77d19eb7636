import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { readPackageInfo } from '../lib/cli/package-info.ts';
import { MIRRORED_SPIRE_VERSION } from '../lib/cli/programs.ts';

const flags = { output: flag.output() };

/** `spirekit version`. */
export default class Version extends BaseCommand<typeof flags> {
  static override readonly summary = 'Say which spirekit this is, which SPIRE it mirrors and what it runs on';
  static override readonly goFlags = flags;
  static override readonly usageName = 'version';
  static override readonly examples = ['<%= config.bin %> version --output json'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { version } = readPackageInfo();
    await context.print({
      pretty: () =>
        `spirekit ${version}\nmirrors SPIRE ${MIRRORED_SPIRE_VERSION}\nruns on Node ${process.versions.node}\n`,
      json: () => ({
        schema: 'version/v1',
        node: process.versions.node,
        spire: MIRRORED_SPIRE_VERSION,
        spirekit: version,
      }),
    });
  }
}
