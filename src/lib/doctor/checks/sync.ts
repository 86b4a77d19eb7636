import { agentAdminClient } from '../../client/agent-admin-client.ts';
import type { Finding } from '../../findings/finding.ts';
import { RpcClient } from '../../rpc/client.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { GetInfoResponse } from '../../wire/gen/spire/api/agent/debug/v1/debug.ts';
import type { Check } from '../check.ts';
import { momentWords, spanWords } from '../durations.ts';
import type { AgentPatient } from '../patient.ts';

/** A sync now and then may fail; an agent that has missed so many in a row is cut off. */
const MISSED_SYNCS = 12;
const LEAST_SILENCE_MS = 60_000;

/** When the agent last heard of its server, and how long its own SVID holds, by its admin socket. */
export const sync: Check<AgentPatient> = {
  name: 'sync with the server',
  async look({ adminSocketPath, surroundings, config }) {
    if (adminSocketPath === undefined) return { skipped: 'the agent has no admin socket, or none is known' };
    const { signal, timeoutMs, clock } = surroundings;
    await using rpc = new RpcClient({ kind: 'unix', path: adminSocketPath }, { connectTimeoutMs: timeoutMs, clock });
    let info: GetInfoResponse;
    try {
      info = await agentAdminClient(rpc).debug.getInfo({}, { signal, timeoutMs });
    } catch (error) {
      return { skipped: `the admin socket did not answer: ${SpirekitError.from(error).message}` };
    }
    const nowMs = clock.nowMs();
    const intervalMs = (config.kind === 'valid' ? config.value.experimental.syncIntervalSeconds : 5) * 1000;
    const silence = Math.max(MISSED_SYNCS * intervalMs, LEAST_SILENCE_MS);
    return [...lastSync(info, { nowMs, silence, subject: adminSocketPath }), ...ownSvid(info, adminSocketPath, nowMs)];
  },
};

function lastSync(
  { lastSyncSuccess, uptime }: GetInfoResponse,
  { nowMs, silence, subject }: { nowMs: number; silence: number; subject: string },
): Finding[] {
  const lastMs = Number(lastSyncSuccess) * 1000;
  const agoMs = lastSyncSuccess === 0n ? uptime * 1000 : nowMs - lastMs;
  if (agoMs <= silence) return [];
  return [
    {
      code: 'SPK-4012',
      severity: 'error',
      subject,
      message: `the agent has not heard from its server for ${spanWords(agoMs)}`,
      evidence: [lastSyncSuccess === 0n ? 'no sync since its start' : `last sync ${momentWords(lastMs)}`],
      remedy: 'see what else is found about the server below; new entries and revocations do not arrive meanwhile',
    },
  ];
}

function ownSvid({ svidChain }: GetInfoResponse, subject: string, nowMs: number): Finding[] {
  const [leaf] = svidChain;
  const endMs = Number(leaf?.expiresAt ?? 0n) * 1000;
  if (leaf === undefined || endMs > nowMs) return [];
  return [
    {
      code: 'SPK-4065',
      severity: 'error',
      subject,
      message: `the agent's own SVID expired ${spanWords(nowMs - endMs)} ago`,
      evidence: [`expires ${momentWords(endMs)}`],
      remedy:
        'start the agent again with a new join token: `spirekit token generate`, then `spirekit agent run --join-token TOKEN`',
    },
  ];
}
