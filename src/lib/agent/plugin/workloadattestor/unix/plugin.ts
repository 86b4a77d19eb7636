import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { block } from '../../../../config/schema/block.ts';
import { fieldNames } from '../../../../config/schema/field-names.ts';
import { bool, int } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { UnixWorkloadAttestor } from '../../../../unixprocess/unix-workload-attestor.ts';
import type { WorkloadAttestor } from '../workload-attestor.ts';

const schema = block({ discover_workload_path: bool(), workload_size_limit: int() });

/** WorkloadAttestor `unix`: whether it looks at the executable, and up to which size in bytes it digests it. */
export const unixWorkloadAttestor: BuiltInPlugin<unknown, WorkloadAttestor> = {
  isConfigurable: true,
  settings: fieldNames(schema),
  open: async (text) => {
    const data = decodeText(schema, text);
    return new UnixWorkloadAttestor({
      discoverWorkloadPath: data.discover_workload_path,
      workloadSizeLimitBytes: data.workload_size_limit,
    });
  },
};
