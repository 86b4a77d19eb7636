import { SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { Selector } from '../../../spiffe/selector.ts';
import { type CallCounterDeps, countCall } from '../../../telemetry/call-counter.ts';
import type { WorkloadAttestor } from '../../plugin/workloadattestor/workload-attestor.ts';

/** What {@link WorkloadAttestation} needs. */
export interface WorkloadAttestationOptions {
  readonly attestors: readonly WorkloadAttestor[];
  readonly counters: CallCounterDeps;
  readonly log: Logger;
}

interface AttestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Asks all workload attestors about a process. */
export class WorkloadAttestation {
  readonly #options: WorkloadAttestationOptions;

  constructor(options: WorkloadAttestationOptions) {
    this.#options = options;
  }

  /**
   * The selectors from those attestors that know something; what fails is logged. The caller makes sure that the
   * process id still means the same process afterwards.
   *
   * Errors: `unavailable` when every attestor failed, which must not look like a workload without identity; `canceled`
   * when the signal aborts.
   */
  async attest(pid: number, options: AttestOptions = {}): Promise<readonly Selector[]> {
    const { counters } = this.#options;
    const selectors = await countCall(counters, ['workload_api', 'workload_attestation'], () =>
      this.#attest(pid, options),
    );
    counters.metrics.addSample(['workload_api', 'discovered_selectors'], selectors.length);
    return selectors;
  }

  async #attest(pid: number, options: AttestOptions): Promise<readonly Selector[]> {
    const { attestors, counters, log } = this.#options;
    const ask = (attestor: WorkloadAttestor): Promise<readonly Selector[]> =>
      countCall(counters, ['workload_api', 'workload_attestor'], () => attestor.attest(pid, options), {
        attestor: attestor.name,
      });
    const answers = await Promise.allSettled(attestors.map(ask));
    if (options.signal?.aborted === true) throw SpirekitError.from(options.signal.reason);
    const selectors: Selector[] = [];
    const failures: unknown[] = [];
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') {
        selectors.push(...answer.value);
        continue;
      }
      failures.push(answer.reason);
      log.error(`workload attestor "${attestors[index]?.name}" failed`, { pid, error: answer.reason });
    }
    if (failures.length > 0 && failures.length === attestors.length) {
      throw new SpirekitError('unavailable', 'workload attestation failed', { cause: failures[0] });
    }
    return selectors;
  }
}
