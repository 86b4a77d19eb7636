import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { ContextStore } from '../../lib/cli/contexts/context-store.ts';
import {
  CONTEXT_SETTINGS,
  type Context,
  type ContextSetting,
  parseContextName,
} from '../../lib/cli/contexts/contexts.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { endpointTarget } from '../../lib/cli/sockets.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { SpiffeId } from '../../lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../lib/spiffe/trust-domain.ts';

const settingFlags = Object.fromEntries(
  Object.entries(CONTEXT_SETTINGS).map(([name, usage]) => [name, flag.string({ usage })]),
) as Record<ContextSetting, ReturnType<typeof flag.string>>;

const flags = { ...settingFlags, use: flag.bool({ usage: 'Make it the current context too' }) };

/** `spirekit context set` */
export default class ContextSet extends BaseCommand<typeof flags> {
  static override readonly summary = 'Keep under a name where an agent and a server are';
  static override readonly description =
    'Changes the settings given and leaves the others of that context; an empty value removes one. Kept in spirekit/contexts.json below XDG_CONFIG_HOME or ~/.config, for the user alone. Keys are named by their files, never held in there.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'context set';
  static override readonly args = { name: { description: 'The name of the context', required: true } };
  static override readonly examples = [
    '<%= config.bin %> context set edge --server-socket /run/spire-server/private/api.sock --use',
    '<%= config.bin %> context set prod --server-addr spire.example.org:8081 --caller-svid /etc/spire/admin',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [text, more] = context.args;
    if (text === undefined || more !== undefined) throw new SpirekitError('usage', 'the name of one context is needed');
    const name = parseContextName(text);
    const store = new ContextStore(context.env);
    const { contexts, current } = await store.read();
    const settings: Partial<Record<ContextSetting, string>> = { ...contexts.get(name) };
    for (const key of Object.keys(CONTEXT_SETTINGS) as ContextSetting[]) {
      if (!context.given.has(key)) continue;
      const value = context.flags[key];
      if (value === '') delete settings[key];
      else settings[key] = checked(key, value);
    }
    checkTogether(settings);
    const isCurrent = context.flags.use || current === name;
    await store.write({
      contexts: new Map(contexts).set(name, settings),
      ...(isCurrent ? { current: name } : current === undefined ? {} : { current }),
    });
    context.out(
      `Context ${name} ${contexts.has(name) ? 'changed' : 'made'}${isCurrent ? '; it is the current one' : ''}.`,
    );
  }
}

/** @throws SpirekitError for a value that no command could use */
function checked(key: ContextSetting, value: string): string {
  switch (key) {
    case 'agentSocket':
    case 'agentAdminSocket':
    case 'serverSocket':
    case 'workloadSocket': {
      if (!value.startsWith('/') && !/^(unix|tcp):/i.test(value)) {
        throw new SpirekitError(
          'invalid-argument',
          `-${key}: ${JSON.stringify(value)} is neither an absolute path nor an address`,
        );
      }
      const target = endpointTarget(value);
      if (key === 'agentSocket' || target.kind === 'unix') return value;
      throw new SpirekitError('invalid-argument', `-${key} has to be a unix socket`);
    }
    case 'serverTrustDomain':
      return TrustDomain.parse(value).name;
    case 'callerID':
      return SpiffeId.parse(value).toString();
    case 'callerSVID':
    case 'callerKey':
    case 'callerBundle':
      if (value.startsWith('/')) return value;
      throw new SpirekitError('invalid-argument', `-${key}: a context is used from any folder: give an absolute path`);
    case 'serverAddr':
      return value;
  }
}

/** @throws SpirekitError `usage` */
function checkTogether(settings: Context): void {
  const { serverSocket, serverAddr } = settings as Partial<Record<string, string>>;
  if (serverSocket !== undefined && serverAddr !== undefined) {
    throw new SpirekitError('usage', '-serverSocket and -serverAddr name two servers: empty one of them');
  }
}
