import { counted } from '../runtime/counted.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { formatGoDuration } from '../runtime/go-duration.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import { chooseAgentTarget } from './agent-connection.ts';
import type { CommandContext } from './command-context.ts';
import { mayPass, withPatience } from './patience.ts';
import { DEFAULT_AGENT_SOCKET } from './sockets.ts';

/** An agent that knows the entries answers at once. */
const ANSWER_MS = 5000;

/** What waiting needs of the command. */
type WaitContext = Pick<CommandContext, 'io' | 'clock' | 'signal' | 'env' | 'given'> & {
  readonly flags: { readonly wait: bigint; readonly workloadSocket: string; readonly context: string };
};

/**
 * Waits until the Workload API gives this very process the SPIFFE IDs of entries: no API of a server tells which agents
 * have heard of one. So it is of use where the caller is the workload, or has all that its selectors ask for.
 *
 * @throws SpirekitError `usage` for entries that no Workload API shows; `deadline-exceeded` when the wait is over; what keeps
 *   the Workload API from answering and time does not mend
 */
export async function waitForIdentities(entries: readonly Entry[], context: WaitContext): Promise<void> {
  const { flags, given, clock } = context;
  refuseHidden(entries);
  const isNamed = flags.workloadSocket !== '';
  const socketPath = isNamed ? flags.workloadSocket : DEFAULT_AGENT_SOCKET;
  const target = await chooseAgentTarget(
    { socketPath, instance: '', context: flags.context },
    // SPIRE's programs have no such flag, so its rule is ours everywhere.
    { ...context, program: 'spirekit', given: isNamed ? new Set([...given, 'socketPath']) : new Set() },
  );
  const wanted = new Set(entries.map(({ spiffeId }) => `spiffe://${spiffeId?.trustDomain}${spiffeId?.path}`));
  const [first = ''] = wanted;
  const what = `the Workload API to give this process ${wanted.size === 1 ? first : counted(wanted.size, 'SPIFFE ID', 'SPIFFE IDs')}`;
  await using client = new WorkloadApiClient(target);
  const attempt = async (): Promise<void> => {
    const { svids } = await client.fetchX509Svid({ signal: context.signal, timeoutMs: ANSWER_MS });
    const given = new Set(svids.map(({ spiffeId }) => spiffeId));
    for (const id of wanted)
      if (!given.has(id)) throw new SpirekitError('no-identity', `it gives others, and not ${id}`);
  };
  const startMs = clock.monotonicMs();
  try {
    await withPatience(attempt, { waitNanoseconds: flags.wait, what }, context);
  } catch (cause) {
    const error = SpirekitError.from(cause);
    if (!mayPass(error) || context.signal.aborted || clock.monotonicMs() === startMs) throw error;
    throw new SpirekitError(
      'deadline-exceeded',
      `the entries are made, but ${formatGoDuration(flags.wait)} were not enough for ${what}: ${error.message.replace(/^waited .*?: /, '')}`,
      { cause },
    );
  }
}

/** @throws SpirekitError `usage` */
export function refuseHidden(entries: readonly Entry[]): void {
  for (const { parentId, storeSvid } of entries) {
    if (parentId?.path === '/spire/server') {
      throw new SpirekitError('usage', '-wait is for entries of workloads, and entries of nodes are seen by none');
    }
    if (storeSvid) {
      throw new SpirekitError('usage', '-wait is for the Workload API, which does not serve entries with -storeSVID');
    }
  }
}
