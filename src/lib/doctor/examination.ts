import type { Finding } from '../findings/finding.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { AGENT_CHECKS, MACHINE_CHECKS, SERVER_CHECKS, SHELL_CHECKS } from './all-checks.ts';
import { type Check, isSkipped } from './check.ts';
import type { AgentPatient, Daemon, MachinePatient, ServerPatient } from './patient.ts';

/** Whom a look was about. */
export type Subject = 'agent' | 'server' | 'machine';

/** One look and what came of it. */
export interface CheckResult {
  readonly subject: Subject;
  readonly check: string;
  readonly findings: readonly Finding[];
  /** Why it could not be looked at; undefined if it was. */
  readonly skipped: string | undefined;
}

/** What was looked at, so that a reader knows whether it was the right thing. */
export interface ExaminedDaemon {
  readonly kind: 'agent' | 'server';
  readonly socket: string;
  readonly pid: number | undefined;
  readonly uid: number | undefined;
  readonly executable: string | undefined;
  readonly configuration: string | undefined;
  readonly dataFolder: string | undefined;
}

/** All looks at one daemon, or at the machine. */
export async function examine(patient: AgentPatient | ServerPatient | MachinePatient): Promise<readonly CheckResult[]> {
  switch (patient.kind) {
    case 'agent':
      return runChecks(AGENT_CHECKS, patient);
    case 'server':
      return runChecks(SERVER_CHECKS, patient);
    case 'machine':
      return runChecks(patient.isWhole ? MACHINE_CHECKS : SHELL_CHECKS, patient);
  }
}

/** What a report says about whom it is. */
export function describeDaemon({ kind, socketPath, process, config, dataDir }: Daemon): ExaminedDaemon {
  return {
    kind,
    socket: socketPath,
    pid: process?.pid,
    uid: process?.uid,
    executable: process?.executable,
    configuration: config.kind === 'unknown' ? undefined : config.path,
    dataFolder: dataDir,
  };
}

/** One after the other: what the doctor does must not be a load itself. */
async function runChecks<P extends AgentPatient | ServerPatient | MachinePatient>(
  checks: readonly Check<P>[],
  patient: P,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    patient.surroundings.signal.throwIfAborted();
    const result = { subject: patient.kind, check: check.name };
    try {
      const outcome = await check.look(patient);
      results.push(
        isSkipped(outcome)
          ? { ...result, findings: [], skipped: outcome.skipped }
          : { ...result, findings: outcome, skipped: undefined },
      );
    } catch (error) {
      patient.surroundings.signal.throwIfAborted();
      results.push({ ...result, findings: [], skipped: reasonOf(error) });
    }
  }
  return results;
}

/** A server that is not there is told of once, by the look at its socket. */
function reasonOf(error: unknown): string {
  const { code, message } = SpirekitError.from(error);
  return code === 'unavailable' ? 'nobody answers on the socket' : message;
}
