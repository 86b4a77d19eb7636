/**
 * The agent's half of `shared-secret-server.ts`:
 *
 *   NodeAttestor "shared_secret" {
 *     plugin_cmd = "/usr/bin/node"
 *     plugin_args = ["/opt/plugins/shared-secret-agent.ts", "node-7"]
 *     plugin_data { secret_path = "/etc/spire/node-secret" }
 *   }
 */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { agentNodeAttestor, config, pluginService, RpcCode, RpcError, servePlugin } from 'spirekit/plugin';

const [, , name = ''] = process.argv;
let secret: Buffer | undefined;

async function* aidAttestation(
  challenges: AsyncIterable<agentNodeAttestor.Challenge>,
): AsyncGenerator<agentNodeAttestor.PayloadOrChallengeResponse> {
  if (secret === undefined) throw new RpcError(RpcCode.failedPrecondition, 'not configured');
  yield { data: { $case: 'payload', value: Buffer.from(name) } };
  for await (const { challenge } of challenges) {
    const answer = createHmac('sha256', secret).update(challenge).update(name).digest();
    yield { data: { $case: 'challengeResponse', value: answer } };
  }
}

await servePlugin({
  type: 'NodeAttestor',
  services: [
    pluginService(agentNodeAttestor.NodeAttestorDefinition, { aidAttestation }),
    pluginService(config.ConfigDefinition, {
      async configure({ hclConfiguration }) {
        const path = /^\s*secret_path\s*=\s*"([^"]+)"/m.exec(hclConfiguration)?.[1];
        if (path === undefined) throw new RpcError(RpcCode.invalidArgument, 'secret_path is required');
        secret = await readFile(path);
        return {};
      },
    }),
  ],
});
