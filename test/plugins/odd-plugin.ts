/**
 * A NodeAttestor plugin that does what its arguments say: `no-service` and `no-config` leave a service out,
 * `hang-in-init`, `hang-in-configure`, `refuse-settings`, `ask-host`, `hang-at-end`, `nested-process`.
 */
import { spawn } from 'node:child_process';
import {
  config,
  hostAgentStore,
  type PluginHost,
  pluginLogger,
  pluginService,
  RpcCode,
  RpcError,
  servePlugin,
  serverNodeAttestor,
} from '../../src/lib/plugin/index.ts';

const deeds = new Set(process.argv.slice(2));
const log = pluginLogger();
let host: PluginHost | undefined;

const attestor = pluginService(serverNodeAttestor.NodeAttestorDefinition, {
  async *attest(requests) {
    for await (const { request } of requests) {
      const word = request?.$case === 'payload' ? Buffer.from(request.value).toString() : '';
      if (word === 'exit') process.exit(7);
      if (word === 'silence') await new Promise(() => {});
      if (word === 'nothing') yield { response: undefined };
      if (word === 'end') return;
      yield {
        response: {
          $case: 'agentAttributes',
          value: { spiffeId: word, selectorValues: deeds.has('empty-selector') ? [''] : ['a:b'], canReattest: true },
        },
      };
    }
  },
});

const settings = pluginService(config.ConfigDefinition, {
  async configure({ coreConfiguration, hclConfiguration }) {
    if (deeds.has('hang-in-configure')) {
      log.info('Hanging');
      await new Promise(() => {});
    }
    if (deeds.has('refuse-settings')) throw new RpcError(RpcCode.invalidArgument, 'no such setting');
    if (deeds.has('ask-host')) await askHost();
    log.info('Configured', { trust_domain: coreConfiguration?.trustDomain, hcl: hclConfiguration });
    return {};
  },
});

async function askHost(): Promise<void> {
  const ask = async (agentId: string): Promise<string> => {
    try {
      await host?.unary(hostAgentStore.AgentStoreDefinition, 'getAgentInfo', { agentId });
      return 'known';
    } catch (error) {
      return error instanceof RpcError ? error.description : String(error);
    }
  };
  log.info('Asked the host', {
    services: host?.serviceNames.join(','),
    known: await ask('spiffe://example.org/spire/agent/known'),
    unknown: await ask('spiffe://example.org/spire/agent/unknown'),
  });
}

if (deeds.has('nested-process')) {
  const nested = spawn('sleep', ['1000'], { stdio: 'inherit' });
  log.info('Started', { nested: nested.pid });
}
if (deeds.has('ignore-sigterm')) process.on('SIGTERM', () => {});

await servePlugin({
  type: 'NodeAttestor',
  services: [...(deeds.has('no-service') ? [] : [attestor]), ...(deeds.has('no-config') ? [] : [settings])],
  onInit: (given) => {
    if (deeds.has('hang-in-init')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    host = given;
  },
});
if (deeds.has('hang-at-end')) await new Promise((resolve) => setTimeout(resolve, 1_000_000));
