import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { WorkloadAttestor } from '../plugin/workloadattestor/workload-attestor.ts';
import type { PluginEnvironment } from './plugin-environment.ts';

/** The workload attestors that come with the agent. */
export const WORKLOAD_ATTESTORS: BuiltInPlugins<PluginEnvironment, WorkloadAttestor> = {
  unix: async () => (await import('../plugin/workloadattestor/unix/plugin.ts')).unixWorkloadAttestor,
};
