import { EchoServer } from '../mtls/echo-server.ts';
import { identityOf } from '../mtls/identity.ts';
import type { PeerRule } from '../mtls/peer-rule.ts';
import { ownFindings } from '../mtls/ping.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import { watchStream } from '../workloadapi/watch.ts';
import type { CommandContext } from './command-context.ts';
import type { ChosenIdentity } from './mtls-flags.ts';
import { formatFindings } from './pretty/findings.ts';
import { callerJson, formatCaller, formatRequest } from './pretty/mtls.ts';
import { jsonText } from './protojson.ts';

/** What is served, to whom, and for how long. */
export interface Serving extends ChosenIdentity {
  readonly listen: { readonly host: string; readonly port: number };
  readonly rule: PeerRule;
  /** It ends after so many callers; 0 means never. */
  readonly count: number;
}

/** Serves until the signal aborts or enough have called; says where on stdout and what happens on stderr. */
export async function serveEcho(
  { identity, origin, wishes, listen, rule, count }: Serving,
  { out, io, clock, signal }: Pick<CommandContext, 'out' | 'io' | 'clock' | 'signal'>,
): Promise<void> {
  const enough = new AbortController();
  const ended = AbortSignal.any([signal, enough.signal]);
  const say = (text: string): void => void io.stderr.write(text);
  let calls = 0;
  await using server = await EchoServer.open({
    ...listen,
    identity,
    rule,
    clock,
    render: (caller) => `${jsonText(callerJson(caller))}\n`,
    events: {
      arrived: (caller) => say(formatCaller(caller)),
      asked: (caller, request) => say(formatRequest(caller, request)),
      left() {
        calls += 1;
        if (calls === count) enough.abort();
      },
      failed: (finding) => say(formatFindings([finding])),
    },
  });
  say(formatFindings(ownFindings(identity, clock.nowMs())));
  out(`${identity.svid.id} listens on ${server.address}`);
  if (origin.kind === 'files') return void (await aborted(ended));
  await using client = new WorkloadApiClient(origin.target);
  try {
    for await (const event of watchStream((options) => client.watchX509Svid(options), { clock, signal: ended })) {
      if (event.kind === 'failure') {
        if (!ended.aborted) say(`the Workload API is lost: ${event.error.message}; it goes on with what it has\n`);
        continue;
      }
      server.rotate(identityOf(event.value, wishes));
    }
  } catch (error) {
    if (!ended.aborted) throw SpirekitError.from(error);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
