import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { findContext, lookAround } from '../../lib/cli/discovery/find-socket.ts';
import type { Look, SocketKind } from '../../lib/cli/discovery/place.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatContextShow, type ShownContext, shownContextJson } from '../../lib/cli/pretty/context.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = { output: flag.output() };

/** What the environment says of a socket, by the variable; the first that is set counts. */
const VARIABLES = {
  agent: ['SPIRE_AGENT_PUBLIC_SOCKET', 'SPIFFE_ENDPOINT_SOCKET'],
  'agent-admin': [],
  server: ['SPIRE_SERVER_PRIVATE_SOCKET'],
} as const satisfies Record<SocketKind, readonly string[]>;

/** `spirekit context show` */
export default class ContextShow extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show which agent and server commands would call, and why';
  static override readonly description =
    'Goes through what can name a socket, in its order: a variable of the environment, the context, configuration files of this machine, usual places. Each place stands with what was found there.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'context show';
  static override readonly args = { name: { description: 'The context to go by, if not the current one' } };
  static override readonly examples = ['<%= config.bin %> context show', '<%= config.bin %> context show prod'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [name = '', more] = context.args;
    if (more !== undefined) throw new SpirekitError('usage', 'the name of one context is enough');
    const { chosen, refused } = await findContext({ env: context.env, contextName: name });
    const kinds: ShownContext['kinds'][number][] = [];
    for (const kind of ['agent', 'agent-admin', 'server'] as const) {
      const looks: Look[] = [];
      const surroundings = { cwd: process.cwd(), clock: context.clock, signal: context.signal };
      for await (const look of lookAround(kind, surroundings)) looks.push(look);
      const variable = VARIABLES[kind].find((each) => (context.env[each] ?? '') !== '');
      kinds.push({
        kind,
        looks,
        ...(variable === undefined ? {} : { variable: { name: variable, value: context.env[variable] ?? '' } }),
      });
    }
    const shown = {
      kinds,
      isAsked: name !== '',
      ...(chosen === undefined ? {} : { chosen }),
      ...(refused === undefined ? {} : { refused }),
    };
    await context.print({ pretty: () => formatContextShow(shown), json: () => shownContextJson(shown) });
  }
}
