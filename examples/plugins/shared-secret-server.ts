/**
 * A NodeAttestor of a server: agents prove that they know a secret, without telling it. Its other half is
 * `shared-secret-agent.ts`.
 *
 *   NodeAttestor "shared_secret" {
 *     plugin_cmd = "/usr/bin/node"
 *     plugin_args = ["/opt/plugins/shared-secret-server.ts"]
 *     plugin_data { secret_path = "/etc/spire/node-secret" }
 *   }
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  config,
  pluginLogger,
  pluginService,
  RpcCode,
  RpcError,
  servePlugin,
  serverNodeAttestor,
} from 'spirekit/plugin';

const log = pluginLogger();

/** In force since the plugin was configured. */
let settings: { readonly trustDomain: string; readonly secret: Buffer } | undefined;

async function* attest(
  requests: AsyncIterable<serverNodeAttestor.AttestRequest>,
): AsyncGenerator<serverNodeAttestor.AttestResponse> {
  if (settings === undefined) throw new RpcError(RpcCode.failedPrecondition, 'not configured');
  const { trustDomain, secret } = settings;
  const next = requests[Symbol.asyncIterator]();

  const first = (await next.next()).value?.request;
  const name = first?.$case === 'payload' ? Buffer.from(first.value).toString() : '';
  if (!/^[a-z0-9-]{1,64}$/.test(name)) throw new RpcError(RpcCode.invalidArgument, 'the node has no proper name');

  const challenge = randomBytes(32);
  yield { response: { $case: 'challenge', value: challenge } };

  const second = (await next.next()).value?.request;
  const answer = second?.$case === 'challengeResponse' ? second.value : Buffer.of();
  const wanted = createHmac('sha256', secret).update(challenge).update(name).digest();
  if (answer.length !== wanted.length || !timingSafeEqual(answer, wanted)) {
    throw new RpcError(RpcCode.permissionDenied, 'the node does not know the secret');
  }
  log.info('Node knows the secret', { node: name });
  yield {
    response: {
      $case: 'agentAttributes',
      value: {
        spiffeId: `spiffe://${trustDomain}/spire/agent/shared_secret/${name}`,
        selectorValues: [`name:${name}`],
        canReattest: true,
      },
    },
  };
}

await servePlugin({
  type: 'NodeAttestor',
  services: [
    pluginService(serverNodeAttestor.NodeAttestorDefinition, { attest }),
    pluginService(config.ConfigDefinition, {
      async configure({ coreConfiguration, hclConfiguration }) {
        const path = /^\s*secret_path\s*=\s*"([^"]+)"/m.exec(hclConfiguration)?.[1];
        if (path === undefined) throw new RpcError(RpcCode.invalidArgument, 'secret_path is required');
        const secret = await readFile(path).catch((error: Error) => {
          throw new RpcError(RpcCode.invalidArgument, `unable to read the secret: ${error.message}`);
        });
        settings = { trustDomain: coreConfiguration?.trustDomain ?? '', secret };
        log.info('Secret read', { secret_path: path });
        return {};
      },
    }),
  ],
});
