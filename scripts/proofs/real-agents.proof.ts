import { findRealSpire, ours, type Programs } from '../../test/support/programs.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';
import { type Attestation, NodeLife } from './real-agents/node-life.ts';

/** The stages of a life, in order; what fails ends it. */
const STAGES = ['attest', 'outliveAuthority', 'outliveEviction', 'endByBan'] as const;

export const proof: Proof = {
  shows:
    'an agent attests (join_token, x509pop), syncs, renews over a CA rotation, is evicted, is banned: ours at ours, and each with the real one',
  hasShortForm: true,
  async run(args) {
    const real = findRealSpire();
    // The short form is for every change, and shows our own halves with each other.
    const isShort = args.includes(SHORT);
    if (real === undefined && !isShort) {
      return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    }
    const pairs = real === undefined || isShort ? ownPair() : allPairs(real);
    const lives = pairs.flatMap(({ name, daemons }) =>
      (['join_token', 'x509pop'] as const).map((attestation) => ({ name, daemons, attestation })),
    );
    const waiting = [...lives];
    const figures = new Map<string, number>();
    const work = async (): Promise<void> => {
      for (let life = waiting.shift(); life !== undefined; life = waiting.shift()) {
        const label = `${life.name} by ${life.attestation}`;
        figures.set(label, await live(label, life.daemons, life.attestation));
      }
    };
    await Promise.all([work(), work()]);
    const holds = [...figures.values()].every((stages) => stages === STAGES.length);
    const counts = lives.map(({ name, attestation }) => {
      const label = `${name} by ${attestation}`;
      return `${label} ${figures.get(label) ?? 0} of ${STAGES.length}`;
    });
    return verdict(holds, `stages: ${counts.join(', ')}`);
  },
};

interface Pair {
  readonly name: string;
  readonly daemons: Programs;
}

function ownPair(): Pair[] {
  return [{ name: 'our agent at our server', daemons: ours }];
}

function allPairs(real: Programs): Pair[] {
  return [
    ...ownPair(),
    { name: 'real agent at our server', daemons: { server: ours.server, agent: real.agent } },
    { name: 'our agent at the real server', daemons: { server: real.server, agent: ours.agent } },
    { name: 'real agent at the real server', daemons: real },
  ];
}

/** How many stages went as they should. */
async function live(label: string, daemons: Programs, attestation: Attestation): Promise<number> {
  let stages = 0;
  try {
    await using life = await NodeLife.open(daemons, attestation);
    for (const stage of STAGES) {
      await life[stage]();
      stages++;
      console.log(`${label}: ${stage}`);
    }
  } catch (error) {
    console.log(`${label}: NOT ${STAGES[stages]}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return stages;
}
