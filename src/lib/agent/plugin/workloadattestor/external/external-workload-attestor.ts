import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { checkSelectorValues } from '../../../../catalog/external/selector-values.ts';
import type { Selector } from '../../../../spiffe/selector.ts';
import { WorkloadAttestorDefinition } from '../../../../wire/gen/spire/plugin/agent/workloadattestor/v1/workloadattestor.ts';
import type { WorkloadAttestor } from '../workload-attestor.ts';

/** A workload waits for it. SPIRE waits for ever. */
const ATTEST_TIMEOUT_MS = 30_000;

/** A workload attestor that is a program of its own. */
export const externalWorkloadAttestor: ExternalPluginType<WorkloadAttestor> = {
  service: WorkloadAttestorDefinition,
  adapt: (plugin) => new ExternalWorkloadAttestor(plugin),
};

class ExternalWorkloadAttestor implements WorkloadAttestor {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async attest(
    pid: number,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly Selector[]> {
    const options = { signal, timeoutMs: ATTEST_TIMEOUT_MS };
    const { selectorValues } = await this.#plugin.unary(WorkloadAttestorDefinition, 'attest', { pid }, options);
    checkSelectorValues(this.#plugin, selectorValues);
    return selectorValues.map((value) => ({ type: this.name, value }));
  }
}
