/** An agent's plugin of the type that its first argument names; the second one makes it misbehave. */
import {
  agentNodeAttestor,
  agentWorkloadAttestor,
  type PluginService,
  pluginService,
  servePlugin,
} from '../../src/lib/plugin/index.ts';

const [, , type = '', misdeed] = process.argv;

const SERVICES: Readonly<Record<string, PluginService>> = {
  NodeAttestor: pluginService(agentNodeAttestor.NodeAttestorDefinition, {
    async *aidAttestation(challenges) {
      if (misdeed === 'end-at-once') return;
      yield { data: misdeed === 'no-payload' ? undefined : { $case: 'payload', value: Buffer.from('proof') } };
      for await (const { challenge } of challenges) {
        if (misdeed === 'end-later') return;
        const value = misdeed === 'empty-answer' ? Buffer.of() : Buffer.from(challenge).reverse();
        yield { data: { $case: 'challengeResponse', value } };
      }
    },
  }),
  WorkloadAttestor: pluginService(agentWorkloadAttestor.WorkloadAttestorDefinition, {
    attest: async ({ pid }) => ({ selectorValues: misdeed === 'empty-selector' ? [''] : [`pid:${pid}`] }),
  }),
};

const service = SERVICES[type];
if (service === undefined) throw new Error(`no type ${type}`);
await servePlugin({ type, services: [service] });
