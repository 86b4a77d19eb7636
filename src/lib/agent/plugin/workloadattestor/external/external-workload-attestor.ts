import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import type { Selector } from '../../../../spiffe/selector.ts';
import { WorkloadAttestorDefinition } from '../../../../wire/gen/spire/plugin/agent/workloadattestor/v1/workloadattestor.ts';
import type { WorkloadAttestor } from '../workload-attestor.ts';

/** A workload waits for it. SPIRE waits for ever. */
const ATTEST_TIMEOUT_MS = 30_000;

/** Far more than any process has. */
const MAX_SELECTORS = 1_000;
const MAX_SELECTOR_LENGTH = 4_096;

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
    if (selectorValues.length > MAX_SELECTORS || !selectorValues.every(isSelectorValue)) {
      throw this.#plugin.error(
        RpcCode.internal,
        `plugin response is wrong: at most ${MAX_SELECTORS} selector values are taken, of 1 to ${MAX_SELECTOR_LENGTH} characters each`,
      );
    }
    return selectorValues.map((value) => ({ type: this.name, value }));
  }
}

function isSelectorValue(value: string): boolean {
  return value !== '' && value.length <= MAX_SELECTOR_LENGTH;
}
