import { Deployment } from '../../test/support/deployment.ts';
import { consult, type Fault, LAST_FAULTS, LIVE_FAULTS, tryFault } from '../../test/support/doctor-faults.ts';
import { findRealSpire, ours, type Programs } from '../../test/support/programs.ts';
import { type Proof, verdict } from './proof.ts';

export const proof: Proof = {
  shows:
    'faults prepared one by one on our server and agent and on real ones: doctor finds each, and nothing on healthy ones',
  async run() {
    const real = findRealSpire();
    const ownRound = await round('ours', ours);
    const realRound = real === undefined ? undefined : await round('SPIRE', real);
    const rounds = [ownRound, ...(realRound === undefined ? [] : [realRound])];
    const parts = rounds.map(({ name, found, tried }) => `${found} of ${tried} faults found on ${name}`);
    const healthy = rounds.reduce((sum, { onHealthy }) => sum + onHealthy, 0);
    if (realRound === undefined) parts.push('SPIRE not tried: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no binaries');
    const holds = healthy === 0 && rounds.every(({ found, tried }) => found === tried);
    return verdict(holds, `${parts.join(', ')}; ${healthy} findings on healthy ones`);
  },
};

interface Round {
  readonly name: string;
  readonly found: number;
  readonly tried: number;
  readonly onHealthy: number;
}

async function round(name: string, daemons: Programs): Promise<Round> {
  await using deployment = await Deployment.open({ daemons, clients: ours });
  await deployment.startAgent();
  const healthy = [
    ...(await consult(deployment, { whom: 'agent' })),
    ...(await consult(deployment, { whom: 'server' })),
    ...(await consult(deployment, { whom: 'machine' })),
  ];
  for (const { code, subject, message } of healthy) console.log(`${name}: healthy, yet ${code} ${subject}: ${message}`);
  let found = 0;
  let tried = 0;
  for (const fault of [...LIVE_FAULTS, ...LAST_FAULTS]) {
    if (fault.obstacle !== undefined) {
      console.log(`${name}: not tried: ${fault.code} ${fault.name}: ${fault.obstacle}`);
      continue;
    }
    tried += 1;
    if (await isFound(name, deployment, fault)) found += 1;
  }
  return { name, found, tried, onHealthy: healthy.length };
}

async function isFound(name: string, deployment: Deployment, fault: Fault): Promise<boolean> {
  const codes = await tryFault(deployment, fault);
  const isThere = codes.includes(fault.code);
  const others = [...new Set(codes)].filter((code) => code !== fault.code);
  const beside = others.length === 0 ? '' : `, beside ${others.join(' ')}`;
  console.log(`${name}: ${isThere ? 'found' : 'FAILED'} ${fault.code} ${fault.name}${beside}`);
  return isThere;
}
