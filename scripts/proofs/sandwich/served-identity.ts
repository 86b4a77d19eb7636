import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { leadsTo } from '../../../src/lib/crypto/chain.ts';
import type { Deployment } from '../../../test/support/deployment.ts';

/** What an agent has for a workload. */
export interface ServedIdentity {
  readonly chain: readonly Certificate[];
  readonly roots: readonly Certificate[];
}

/** A workload by the user it runs as. */
export interface Served {
  readonly deployment: Deployment;
  readonly uid: number;
}

const LOOK_EVERY_MS = 250;
const PATIENCE_MS = 90_000;

/** What the agent serves this user now; undefined while it serves nothing. */
async function lookAt({ deployment, uid }: Served): Promise<ServedIdentity | undefined> {
  const { code, stdout } = await deployment.agent(['api', 'fetch', 'x509', '-output', 'json'], { uid, gid: uid });
  if (code !== 0) return undefined;
  const [svid] = JSON.parse(stdout).svids ?? [];
  const certificates = (text: unknown): Certificate[] => Certificate.parseAll(Buffer.from(String(text), 'base64'));
  return svid && { chain: certificates(svid.x509_svid), roots: certificates(svid.bundle) };
}

/** Resolves when all of them are served what is wanted; rejects when it takes too long. */
export async function untilServed(
  workloads: readonly Served[],
  what: string,
  isWanted: (identity: ServedIdentity) => boolean,
): Promise<void> {
  const startedMs = performance.now();
  for (const workload of workloads) {
    for (;;) {
      const identity = await lookAt(workload);
      if (identity !== undefined && isWanted(identity)) break;
      if (performance.now() - startedMs > PATIENCE_MS) throw new Error(`not in time: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
  console.log(`${what}: after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

/** Whether what is served goes on to be good when only this root is left. */
export function isBelow(root: Certificate): (identity: ServedIdentity) => boolean {
  return ({ chain }) => leadsTo(chain, [root], Date.now());
}
