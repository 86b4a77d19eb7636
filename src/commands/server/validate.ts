import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { tellAboutConfig } from '../../lib/cli/config-remarks.ts';
import { ConfigError } from '../../lib/config/config-error.ts';
import { checkServerPlugins } from '../../lib/config/plugin-check/check-server-plugins.ts';
import { loadServerConfig } from '../../lib/config/server/load-server-config.ts';
import type { ServerConfig } from '../../lib/config/server/server-config.ts';
import { SERVER_FLAGS } from '../../lib/config/server/server-flags.ts';
import { loadPolicy } from '../../lib/server/authorization/load-policy.ts';

const flags = configFlags(SERVER_FLAGS);

/** `spire-server validate` */
export default class ServerValidate extends BaseCommand<typeof flags> {
  static override readonly summary = "Check a server's configuration file";
  static override readonly description =
    'Reads the file as the server would, with the same flags, looks at the settings of built-in plugins and tells ' +
    'what is wrong. Nothing is started or written.';
  static override readonly examples = ['<%= config.bin %> server validate --config conf/server/server.conf'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'validate';
  static override readonly errorPrefix = 'SPIRE server configuration file is invalid: ';
  static override readonly printsFlagErrorTwice = true;

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { env, signal } = context;
    const config = await loadServerConfig({ flags: context.flags, env, cwd: process.cwd(), signal });
    // Rego's rules are read by SPIRE alone, and this is the word of SPIRE's `validate`; the umbrella has a note on them.
    const { authorizationPolicyFile } = config;
    await loadPolicy({ authorizationPolicyFile, experimental: { opaPolicy: undefined } }, signal);
    const notes = await this.#checkPlugins(config, context);
    if (notes === undefined) return context.exitCode('invalid-config');
    if (notes.size > 0) {
      context.err('SPIRE server configuration file is invalid.\nValidation errors:');
      for (const [plugin, lines] of notes)
        context.err([`\t${plugin}:`, ...lines.map((line) => `\t\t${line}`)].join('\n'));
      return context.exitCode('invalid-config');
    }
    context.out('SPIRE server configuration file is valid.');
    tellAboutConfig(config, context);
    return 0;
  }

  /** Undefined when a plugin cannot even be loaded, which is then told. */
  async #checkPlugins(config: ServerConfig, context: CommandContext<typeof flags>) {
    try {
      return await checkServerPlugins(config, { cwd: process.cwd(), env: context.env, signal: context.signal });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const message = `Could not validate configuration file: ${error.message}`;
      // SPIRE ends this line without a line feed.
      context.io.stderr.write(context.program === 'spirekit' ? `${message}\n` : message);
      return undefined;
    }
  }
}
