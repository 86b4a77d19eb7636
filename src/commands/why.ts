import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { within } from '../lib/cli/error-context.ts';
import { AdvisedError } from '../lib/cli/failure.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { formatWhy, whyJson } from '../lib/cli/pretty/why.ts';
import { kebabFlagName } from '../lib/cli/programs.ts';
import { connectToServer, serverFlags } from '../lib/cli/server-connection.ts';
import { agentAdminTarget, agentTarget, DEFAULT_AGENT_SOCKET, serverTarget } from '../lib/cli/sockets.ts';
import type { RpcClient } from '../lib/rpc/client.ts';
import { SpirekitError } from '../lib/runtime/errors.ts';
import { nanosecondsToMs } from '../lib/runtime/go-duration.ts';
import { parseSelector } from '../lib/spiffe/selector.ts';
import { SpiffeId } from '../lib/spiffe/spiffe-id.ts';
import { describeSelectors, describeUser, lookAtProcess } from '../lib/why/process-look.ts';
import type { Subject } from '../lib/why/subject.ts';
import { type Question, why } from '../lib/why/why.ts';

const flags = {
  ...serverFlags,
  pid: flag.int({ usage: 'Ask about this process instead of the one that asks' }),
  uid: flag.int({ usage: 'Ask about any process of this user' }),
  gid: flag.int({ usage: 'With -uid: that runs as this group' }),
  selector: flag.strings({
    usage: 'Ask about a workload with this selector, written type:value; with -pid or -uid one that it has besides',
  }),
  spiffeID: flag.string({ usage: 'Ask about this SPIFFE ID only' }),
  agentSocket: flag.string({
    usage: "The agent's Workload API, if not the one SPIFFE_ENDPOINT_SOCKET names",
    default: DEFAULT_AGENT_SOCKET,
  }),
  adminSocket: flag.string({ usage: "The agent's admin socket, if its configuration does not tell" }),
  agentConfig: flag.string({ usage: "The agent's configuration file, if its command line does not tell" }),
  agentID: flag.string({ usage: 'SPIFFE ID of the agent, if nothing tells which it is' }),
  all: flag.bool({ usage: 'Show every entry that comes near, not only the nearest' }),
  showSelectors: flag.bool({ usage: 'Show values of selectors that may be secret, too' }),
  timeout: flag.durationValue({ usage: 'How long to wait for each answer', default: 5_000_000_000n }),
  output: flag.output(),
} as const;

type WhyContext = CommandContext<typeof flags>;

const FEW = 5;
/** Nobody reads more, and the terminal shall not drown. */
const MANY = 1_000;

/** `spirekit why` */
export default class Why extends BaseCommand<typeof flags> {
  static override readonly summary = 'Say why a process gets its identity from the agent, or gets none';
  static override readonly description =
    "Looks at the process as the agent's attestors do, at the agent, and at the entries of its server; names the cause, the " +
    'entries that nearly match with what is missing, and the command that mends it. Exits 0 if there is an identity and 4 ' +
    'if there is none. Works with any SPIRE server and agent; --socket-path or --server-addr names the server.';
  static override readonly examples = [
    '<%= config.bin %> why',
    '<%= config.bin %> why --pid 4242 --spiffe-id spiffe://example.org/web',
    '<%= config.bin %> why --uid 1001 --gid 1001 --output json',
    '<%= config.bin %> why --selector k8s:ns:prod --selector k8s:sa:web',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'why';

  override async execute(context: WhyContext): Promise<number> {
    context.abortOn('SIGINT', 'SIGTERM');
    const { signal, clock, env } = context;
    const subject = await findSubject(context);
    const wanted = context.flags.spiffeID;
    const wantedId = wanted === '' ? undefined : within('-spiffeID', () => SpiffeId.parse(wanted).toString());
    const connection = await connect(context);
    try {
      const timeoutMs = nanosecondsToMs(context.flags.timeout > 0n ? context.flags.timeout : 600_000_000_000n);
      const report = await why(
        {
          subject,
          wantedId,
          agent: agentQuestion(context, subject),
          server: { address: serverAddress(context), connection },
        },
        { signal, timeoutMs, clock, env },
        {
          mostNear: context.flags.all ? MANY : FEW,
          showAll: context.flags.showSelectors,
          serverFlags: serverWords(context),
        },
      );
      const { showSelectors: showAll } = context.flags;
      await context.print({
        pretty: () => formatWhy(report, { showAll, nowMs: clock.nowMs() }),
        json: () => whyJson(report, { showAll }),
      });
      return report.exit;
    } finally {
      if (!(connection instanceof SpirekitError)) await connection.close();
    }
  }
}

async function findSubject({ flags: values, given, signal }: WhyContext): Promise<Subject> {
  const selectors = values.selector.map((text) => within('-selector', () => parseSelector(text)));
  if (given.has('pid') && given.has('uid'))
    throw new SpirekitError('usage', '-pid and -uid ask two questions: give one');
  if (given.has('gid') && !given.has('uid')) throw new SpirekitError('usage', '-gid is of use only together with -uid');
  for (const name of ['uid', 'gid'] as const) {
    if (values[name] < 0 || values[name] > 0xffff_ffff) throw new SpirekitError('usage', `-${name} is no ID`);
  }
  if (given.has('pid') && values.pid <= 0) throw new SpirekitError('usage', '-pid is no process ID');
  const isAboutSelectors = selectors.length > 0 && !given.has('pid') && !given.has('uid');
  if (isAboutSelectors) return describeSelectors(selectors);
  const subject = given.has('uid')
    ? await describeUser(values.uid, given.has('gid') ? values.gid : undefined)
    : await findProcess(given.has('pid') ? values.pid : process.pid, signal);
  return { ...subject, selectors: [...subject.selectors, ...selectors] };
}

async function findProcess(pid: number, signal: AbortSignal): Promise<Subject> {
  try {
    return await lookAtProcess(pid, { signal, isCaller: pid === process.pid });
  } catch (error) {
    const { code, message } = SpirekitError.from(error);
    if (code !== 'not-found') throw error;
    throw new AdvisedError(code, message, 'Ask about its user instead: `spirekit why --uid UID`.', {
      cause: error,
    });
  }
}

function agentQuestion({ flags: values, given, env, program }: WhyContext, subject: Subject): Question['agent'] {
  const agentGiven = new Set(given.has('agentSocket') ? ['socketPath'] : []);
  const target = agentTarget({ socketPath: values.agentSocket, instance: '' }, { env, program, given: agentGiven });
  if (values.agentID !== '') within('-agentID', () => SpiffeId.parse(values.agentID));
  return {
    target,
    address: target.kind === 'unix' ? target.path : `${target.host}:${target.port}`,
    // Selectors may be of a workload anywhere.
    isAsked: subject.kind !== 'selectors' || given.has('agentSocket'),
    id: values.agentID === '' ? undefined : values.agentID,
    adminTarget: values.adminSocket === '' ? undefined : agentAdminTarget(values.adminSocket),
    usualAdminTarget: agentAdminTarget(''),
    file:
      values.agentConfig === ''
        ? undefined
        : { config: values.agentConfig, dataDir: '', expandEnv: false, cwd: process.cwd() },
  };
}

/** A server that cannot be called is part of the answer; a command line that names two is not. */
async function connect(context: WhyContext): Promise<RpcClient | SpirekitError> {
  try {
    return await connectToServer(context);
  } catch (error) {
    const failure = SpirekitError.from(error);
    if (failure.code === 'usage' || failure.code === 'invalid-argument') throw error;
    return failure;
  }
}

function serverAddress({ flags: values, env }: WhyContext): string {
  if (values.serverAddr !== '') return values.serverAddr;
  const target = serverTarget(values, env);
  return target.kind === 'unix' ? target.path : `${target.host}:${target.port}`;
}

/** The flags that say which server it was, for commands that are to be typed next. */
function serverWords({ flags: values, given }: WhyContext): string[] {
  const names = Object.keys(serverFlags) as (keyof typeof serverFlags)[];
  return names.filter((name) => given.has(name)).flatMap((name) => [`--${kebabFlagName(name)}`, values[name]]);
}
