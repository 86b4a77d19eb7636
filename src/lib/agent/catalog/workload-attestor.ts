import { block } from '../../config/schema/block.ts';
import { bool, int } from '../../config/schema/scalars.ts';
import { decodeText } from '../../config/schema/schema.ts';
import { UnixWorkloadAttestor } from '../plugin/workloadattestor/unix/unix-workload-attestor.ts';
import type { WorkloadAttestor } from '../plugin/workloadattestor/workload-attestor.ts';
import type { BuiltIn, BuiltIns } from './built-in.ts';

const UNIX_DATA = block({ discover_workload_path: bool(), workload_size_limit: int() });

export const WORKLOAD_ATTESTORS: BuiltIns<WorkloadAttestor> = new Map<string, BuiltIn<WorkloadAttestor>>([
  [
    'unix',
    {
      isConfigurable: true,
      open: async (_environment, hcl) => {
        const data = decodeText(UNIX_DATA, hcl);
        return new UnixWorkloadAttestor({
          discoverWorkloadPath: data.discover_workload_path,
          workloadSizeLimitBytes: data.workload_size_limit,
        });
      },
    },
  ],
]);
