import { RpcClient } from '../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../src/lib/rpc/status.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { attestAgent } from '../../test/support/attest-agent.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { type Proof, SHORT, verdict } from './proof.ts';

const AGENTS = 100;
const ROUNDS = 20;
const SHORT_ROUNDS = 3;

const REFUSAL = 'failed to attest: join token does not exist or has already been used';

/** How the agents of one round fared. */
interface Round {
  readonly attested: number;
  /** Refused in the words that say why. */
  readonly refused: number;
  readonly otherwise: readonly string[];
}

export const proof: Proof = {
  shows: `${AGENTS} agents attest with one join token at once over TLS, ${ROUNDS} times: one gets in`,
  hasShortForm: true,
  async run(args) {
    const rounds = args.includes(SHORT) ? SHORT_ROUNDS : ROUNDS;
    await using deployment = await Deployment.open({ serverSettings: 'ratelimit { attestation = false }' });
    const tokens = new Set<string>();
    let attested = 0;
    let wrong = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const token = await makeToken(deployment);
      tokens.add(token);
      const outcome = await attestAtOnce(deployment.port, token);
      attested += outcome.attested;
      if (outcome.attested !== 1 || outcome.refused !== AGENTS - 1) wrong += 1;
      console.log(`round ${round}: ${outcome.attested} attested, ${outcome.refused} refused`);
      for (const problem of new Set(outcome.otherwise)) console.log(`FAILED: ${problem}`);
    }
    const listed = await listAgents(deployment);
    const isListedOnce = listed.length === tokens.size && [...tokens].every((token) => listed.includes(token));
    return verdict(
      wrong === 0 && isListedOnce,
      `${rounds} tokens, ${AGENTS} agents at once with each: ${attested} of ${rounds * AGENTS} attested, ` +
        `${wrong} rounds with other than one; agent list has ${listed.length} agents for ${tokens.size} tokens`,
    );
  },
};

async function makeToken(deployment: Deployment): Promise<string> {
  const made = await deployment.server('token', 'generate');
  const token = /Token: (\S+)/.exec(made.stdout)?.[1];
  if (token === undefined) throw new Error(`no join token: ${made.stdout}${made.stderr}`);
  return token;
}

/** Each has a connection of its own, open before the first of them asks. */
async function attestAtOnce(port: number, token: string): Promise<Round> {
  const tls = { verifyServer: () => {} };
  await using clients = new AsyncDisposableStack();
  const agents = Array.from({ length: AGENTS }, () =>
    clients.use(new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls })),
  );
  await Promise.all(agents.map((agent) => agent.unary(BundleDefinition, 'getBundle', { outputMask: undefined })));
  const outcomes = await Promise.allSettled(agents.map((agent) => attestAgent(agent, token)));
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  const otherwise = reasons.filter((reason) => !isRefusal(reason));
  return {
    attested: outcomes.length - reasons.length,
    refused: reasons.length - otherwise.length,
    otherwise: otherwise.map(String),
  };
}

function isRefusal(reason: unknown): boolean {
  return (
    reason instanceof RpcError && reason.status === RpcCode.invalidArgument && reason.description.includes(REFUSAL)
  );
}

/** The tokens that name the agents on the server's list. */
async function listAgents(deployment: Deployment): Promise<string[]> {
  const { stdout } = await deployment.server('agent', 'list', '-output', 'json');
  const { agents }: { agents: { id: { path: string } }[] } = JSON.parse(stdout);
  return agents.map(({ id }) => id.path.replace('/spire/agent/join_token/', ''));
}
