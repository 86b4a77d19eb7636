import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { FullScreen } from '../lib/cli/full-screen.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { formatTop, TOP_ORDERS, type TopOrder, topJson, topLines } from '../lib/cli/pretty/top.ts';
import { connectToServer, serverFlags } from '../lib/cli/server-connection.ts';
import { agentAdminTarget } from '../lib/cli/sockets.ts';
import { type Overview, type OverviewSources, readOverview } from '../lib/overview/overview.ts';
import { RpcClient } from '../lib/rpc/client.ts';
import { sleep } from '../lib/runtime/clock.ts';
import { SpirekitError } from '../lib/runtime/errors.ts';
import { nanosecondsToMs } from '../lib/runtime/go-duration.ts';

const DEFAULT_INTERVAL_NANOSECONDS = 2_000_000_000n;
const LEAST_INTERVAL_MS = 200;

const HINT = 'q quit  up/down scroll  1 expiry  2 id  3 state  4 version  5 attestation  r reverse';

const flags = {
  ...serverFlags,
  adminSocketPath: flag.string({ usage: 'The admin socket of an agent, to show it as well' }),
  noServer: flag.bool({ usage: 'Show the agent alone' }),
  interval: flag.duration({ usage: 'Between two looks', default: DEFAULT_INTERVAL_NANOSECONDS }),
  once: flag.bool({ usage: 'Print one frame and end; so it is without a terminal' }),
  output: flag.output(),
} as const;

type Context = CommandContext<typeof flags>;

/** `spirekit top` */
export default class Top extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Watch agents, entries, authorities and expiries of a server, and an agent, in the terminal';
  static override readonly description =
    'Keys: q ends it, arrows and page keys scroll, 1 to 5 sort agents, r reverses. Without a terminal, with --once or --output it prints one frame.';
  static override readonly examples = [
    '<%= config.bin %> top',
    '<%= config.bin %> top --admin-socket-path /tmp/spire-agent/private/admin.sock',
    '<%= config.bin %> top --once --output json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'top';

  override async execute(context: Context): Promise<number> {
    const { flags: asked, clock, signal, io, given } = context;
    if (asked.noServer && asked.adminSocketPath === '') {
      throw new SpirekitError('usage', '--no-server leaves nothing to show: give --admin-socket-path');
    }
    context.abortOn('SIGINT', 'SIGTERM', 'SIGHUP');
    await using server = asked.noServer ? undefined : await connectToServer(context);
    await using agent =
      asked.adminSocketPath === '' ? undefined : new RpcClient(agentAdminTarget(asked.adminSocketPath));
    const sources = { server, agent };
    const { stdin, stdout } = io;
    const isLive = !asked.once && !given.has('output') && isTerminal(stdin) && isTerminal(stdout);
    if (isLive) return await watch(sources, { input: stdin, output: stdout }, context);
    const overview = await readOverview(sources, { clock, signal });
    await context.print({ pretty: () => formatTop(overview), json: () => topJson(overview) });
    return exitCodeOf(overview, context);
  }
}

async function watch(
  sources: OverviewSources,
  streams: ConstructorParameters<typeof FullScreen>[0],
  context: Context,
): Promise<number> {
  const { clock, signal, flags: asked } = context;
  const intervalMs = Math.max(LEAST_INTERVAL_MS, nanosecondsToMs(asked.interval));
  const ended = new AbortController();
  let view = { order: 'expiry' as TopOrder, isReversed: false, offset: 0 };
  let overview: Overview | undefined;
  using screen = new FullScreen(
    streams,
    (key) => {
      if (key === 'q' || key === 'interrupt') return ended.abort(new SpirekitError('canceled', 'ended by a key'));
      view = afterKey(view, key, screen.rows, overview);
      draw();
    },
    () => draw(),
  );
  const draw = (): void => {
    const { columns, rows } = screen;
    if (overview !== undefined) screen.draw(topLines(overview, { ...view, columns, rows, hint: HINT }));
  };
  const stop = AbortSignal.any([signal, ended.signal]);
  try {
    for (;;) {
      overview = await readOverview(sources, { clock, signal: stop });
      draw();
      await sleep(clock, intervalMs, { signal: stop });
    }
  } catch (error) {
    if (ended.signal.aborted && !signal.aborted) return 0;
    throw error;
  }
}

interface View {
  readonly order: TopOrder;
  readonly isReversed: boolean;
  readonly offset: number;
}

/** What is shown after a key. */
function afterKey(view: View, key: string, rows: number, overview: Overview | undefined): View {
  const server = overview?.server;
  const count = server === undefined || 'problem' in server ? 0 : server.agents.length;
  const scrolled = (by: number): View => ({
    ...view,
    offset: Math.max(0, Math.min(count - 1, view.offset + by)),
  });
  switch (key) {
    case 'up':
      return scrolled(-1);
    case 'down':
      return scrolled(1);
    case 'page-up':
      return scrolled(-rows);
    case 'page-down':
      return scrolled(rows);
    case 'home':
      return { ...view, offset: 0 };
    case 'r':
      return { ...view, isReversed: !view.isReversed };
    default: {
      const order = TOP_ORDERS[Number(key) - 1];
      return order === undefined ? view : { ...view, order, offset: 0 };
    }
  }
}

function isTerminal<T extends object>(stream: T): stream is T & NodeJS.ReadStream & NodeJS.WriteStream {
  return 'isTTY' in stream && stream.isTTY === true;
}

function exitCodeOf({ server, agent }: Overview, context: Context): number {
  const failed = [server, agent].some((part) => part !== undefined && 'problem' in part);
  return failed ? context.exitCode('unavailable') : 0;
}
