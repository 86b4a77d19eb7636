import { leadsTo } from '../../crypto/chain.ts';
import type { Finding } from '../../findings/finding.ts';
import type { Check } from '../check.ts';
import { momentWords, spanWords } from '../durations.ts';
import type { AgentPatient } from '../patient.ts';

/** Servers date back by 10 s; less than this may be the way of the network. */
const TOLERATED_SKEW_MS = 5_000;

/** The agent's own SVID on disk: its time, and whether the bundle beside it made it. */
export const agentSvid: Check<AgentPatient> = {
  name: 'own SVID',
  async look({ files, surroundings }) {
    const leaf = files?.data?.svid[0];
    if (files?.data === undefined || leaf === undefined) return { skipped: 'no SVID of the agent can be read on disk' };
    const { data, dataPath: subject } = files;
    const nowMs = surroundings.clock.nowMs();
    const evidence = [`valid from ${momentWords(leaf.notBeforeMs)} to ${momentWords(leaf.notAfterMs)}`];
    const found: Finding[] = [];
    if (leaf.notBeforeMs > nowMs + TOLERATED_SKEW_MS) {
      found.push({
        code: 'SPK-4020',
        severity: 'error',
        subject,
        message: `the clock of this machine is at least ${spanWords(leaf.notBeforeMs - nowMs)} behind that of the server`,
        evidence: [...evidence, `now ${momentWords(nowMs)}`],
        remedy: 'set the clock: `timedatectl set-ntp true`',
      });
    } else if (leaf.notAfterMs <= nowMs) {
      found.push({
        code: 'SPK-4065',
        severity: 'error',
        subject,
        message: `the agent's SVID expired ${spanWords(nowMs - leaf.notAfterMs)} ago`,
        evidence: [...evidence, `the server ${data.reattestable ? 'lets' : 'does not let'} this node attest again`],
        remedy: data.reattestable
          ? 'start the agent: it attests again by itself'
          : 'start the agent with a new join token: `spirekit token generate`, then `spirekit agent run --join-token TOKEN`',
      });
    }
    const middleMs = (leaf.notBeforeMs + leaf.notAfterMs) / 2;
    if (!leadsTo(data.svid, data.bundle, middleMs)) {
      found.push({
        code: 'SPK-4067',
        severity: 'error',
        subject,
        message: "the agent's SVID was not signed by an authority of the bundle beside it",
        evidence: [`${data.bundle.length} authorities in the bundle`],
        remedy: "move the file aside and start the agent with today's bundle and a new join token",
      });
    }
    return found;
  },
};
