import { bundleClient } from '../../src/lib/client/bundle-client.ts';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { leadsTo } from '../../src/lib/crypto/chain.ts';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { type AgentIdentity, attestAgent } from '../../test/support/attest-agent.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { findRealSpire, ours, type Programs, run } from '../../test/support/programs.ts';
import { VerifyingWorkload } from './authority-rotate/verifying-workload.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

/** Short lives, so that a rotation is over soon. */
const SETTINGS = 'ca_ttl = "1h"\n  default_x509_svid_ttl = "12s"\n  default_jwt_svid_ttl = "4s"\n  agent_ttl = "12s"';

/** Agents that hold an SVID and do nothing: they are cut off when they are announced to be. */
const HOLDERS = { before: 3, after: 2 };
const HOLDER_SETTINGS = 'ca_ttl = "1h"\n  default_x509_svid_ttl = "30m"\n  agent_ttl = "30m"';

/** Of each kind, in the long form. */
const ROTATIONS = 3;

/** With this argument the servers and agents are SPIRE's alone. */
const REAL = '--real';

/** SPIRE's agents ask every 5 s. */
const SPREAD = { ours: '2s', real: '11s' } as const;

export const proof: Proof = {
  shows:
    'authority rotate retires X.509 and JWT authorities of our server and of SPIRE with workloads verifying all the time: nothing fails on the safe way, and by force those fail that were announced',
  hasShortForm: true,
  async run(args) {
    const real = findRealSpire();
    const pairs: { readonly name: 'ours' | 'SPIRE'; readonly daemons: Programs }[] = [];
    if (!args.includes(REAL)) pairs.push({ name: 'ours', daemons: ours });
    if (real !== undefined && (args.includes(REAL) || !args.includes(SHORT)))
      pairs.push({ name: 'SPIRE', daemons: real });
    if (pairs.length === 0) return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name SPIRE binaries');
    const isShort = args.includes(SHORT);
    const figures: string[] = [];
    let holds = true;
    for (const { name, daemons } of pairs) {
      const safe = await rotateSafely(daemons, name === 'ours' ? SPREAD.ours : SPREAD.real, isShort);
      const forced = await rotateByForce(daemons);
      for (const failure of safe.failures.slice(0, 10)) console.log(`FAILED: ${failure}`);
      holds &&= safe.isDone && safe.failures.length === 0 && safe.issuers > safe.rotations / 2;
      holds &&= forced.announced === HOLDERS.before && forced.cutOff === forced.announced;
      figures.push(
        `${name}: ${safe.rotations} rotations, ${safe.verified} verifications and ${safe.calls} mTLS calls with SVIDs of ${safe.issuers} authorities, ${safe.failures.length} failed; by force ${forced.announced} agents announced, ${forced.cutOff} of ${HOLDERS.before + HOLDERS.after} cut off`,
      );
    }
    return verdict(holds, figures.join('; '));
  },
};

async function rotateSafely(daemons: Programs, spread: string, isShort: boolean) {
  await using deployment = await Deployment.open({ daemons, serverSettings: SETTINGS });
  await deployment.startAgent();
  await deployment.createEntry('/workload', [`unix:uid:${process.getuid?.()}`]);
  await using workload = new VerifyingWorkload(deployment.agentSocket);
  await workload.ready();
  let isDone = true;
  let done = 0;
  for (let round = 0; round < (isShort ? 1 : ROTATIONS); round += 1) {
    for (const kind of ['x509', 'jwt'] as const) {
      const shown = JSON.parse((await deployment.server('localauthority', kind, 'show', '-output', 'json')).stdout);
      const target = shown.active.authority_id;
      const args = ['authority', 'rotate', kind, '--watch', '--yes', '--spread', spread, '--authority-id', target];
      // The long form has the lifetime measured, which tells ten seconds more than it is.
      const lifetime = isShort ? ['--default-ttl', kind === 'x509' ? '12s' : '4s'] : [];
      const socket = [...lifetime, '--socket-path', deployment.serverSocket];
      const { code, stderr } = await run(ours.spirekit, [...args, ...socket], { timeoutMs: 180_000 });
      console.log(stderr.trim());
      isDone &&= code === 0;
      done += 1;
    }
  }
  const { verified, calls, failures, issuers } = workload;
  return { isDone, rotations: done, verified, calls, failures, issuers: issuers.size };
}

/** Agents that attested before and after the activation; the old authority is revoked at once. */
async function rotateByForce(daemons: Programs): Promise<{ announced: number; cutOff: number }> {
  await using deployment = await Deployment.open({ daemons, serverSettings: HOLDER_SETTINGS });
  const spirekit = async (...words: string[]) => {
    const args = ['authority', 'rotate', 'x509', ...words, '--socket-path', deployment.serverSocket];
    return await run(ours.spirekit, [...args, '--output', 'json']);
  };
  const holders: AgentIdentity[] = [];
  for (let index = 0; index < HOLDERS.before; index += 1) holders.push(await attestOne(deployment));
  const activated = await spirekit('--watch', '--until', 'activated', '--force', '--yes');
  const { authority_id: target } = JSON.parse(activated.stdout);
  // Times of certificates are whole seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const at = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString().replace('.000', '');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  for (let index = 0; index < HOLDERS.after; index += 1) holders.push(await attestOne(deployment));
  const known = ['--authority-id', target, '--activated-at', at, '--agent-ttl', '30m'];
  await spirekit('--step', '--force', '--yes', ...known);
  const announced = JSON.parse((await spirekit(...known)).stdout).dependents.agents_on_old;
  await spirekit('--step', '--force', '--yes', ...known);
  await using rpc = new RpcClient({ kind: 'unix', path: deployment.serverSocket });
  const bundle = await bundleClient(rpc).getBundle({ outputMask: undefined });
  const roots = bundle.x509Authorities.map(({ asn1 }) => Certificate.parse(asn1));
  const cutOff = holders.filter(({ certificateChain }) => {
    const chain = certificateChain.map((der) => Certificate.parse(der));
    return !leadsTo(chain, roots, Date.now());
  });
  return { announced, cutOff: cutOff.length };
}

async function attestOne(deployment: Deployment): Promise<AgentIdentity> {
  const made = await deployment.server('token', 'generate', '-output', 'json');
  const token: string = JSON.parse(made.stdout).value;
  const tls = { verifyServer: () => {} };
  await using remote = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: deployment.port, tls });
  return (await attestAgent(remote, token)).identity;
}
