import { release } from 'node:os';
import { join } from 'node:path';
import type { CheckResult, ExaminedDaemon } from '../doctor/examination.ts';
import type { PatientOptions } from '../doctor/open-patient.ts';
import type { MachinePatient } from '../doctor/patient.ts';
import type { Surroundings } from '../doctor/surroundings.ts';
import { worstSeverity } from '../findings/finding.ts';
import { EXIT_CODES, type ExitCode } from '../runtime/exit-codes.ts';
import { nanosecondsToMs } from '../runtime/go-duration.ts';
import type { CommandContext } from './command-context.ts';
import { flag } from './go-flags.ts';
import { findPutAside } from './outer-environment.ts';
import { readPackageInfo } from './package-info.ts';
import { type DoctorReport, doctorReportJson, doctorTable, formatDoctorReport } from './pretty/doctor.ts';

/** The flags that every form of `doctor` has. */
export const doctorFlags = {
  timeout: flag.durationValue({ usage: 'How long to wait for each answer', default: 5_000_000_000n }),
  json: flag.bool({ usage: 'The same as --output json' }),
  output: flag.output(),
} as const;

/** Whom `doctor` is to look at. */
export interface DoctorRound {
  readonly agent?: Omit<PatientOptions, 'surroundings'> | undefined;
  readonly server?: Omit<PatientOptions, 'surroundings'> | undefined;
  /** Beside those, at all of the machine. Default: at the variables of the shell. */
  readonly machine?: boolean;
}

type DoctorContext = CommandContext<typeof doctorFlags>;

/** Looks at the machine and those daemons, prints what was found; returns the exit code that the worst finding asks for. */
export async function makeRound(
  { agent, server, machine = false }: DoctorRound,
  context: DoctorContext,
): Promise<ExitCode> {
  const { examine, describeDaemon } = await import('../doctor/examination.ts');
  const { openAgentPatient, openServerPatient } = await import('../doctor/open-patient.ts');
  context.abortOn('SIGINT', 'SIGTERM');
  const surroundings = surroundingsOf(context);
  const daemons: ExaminedDaemon[] = [];
  const results: CheckResult[] = [];
  if (agent !== undefined) {
    const patient = await openAgentPatient({ ...agent, surroundings });
    daemons.push(describeDaemon(patient));
    results.push(...(await examine(patient)));
  }
  if (server !== undefined) {
    const patient = await openServerPatient({ ...server, surroundings });
    await using _contents = patient.contents;
    daemons.push(describeDaemon(patient));
    results.push(...(await examine(patient)));
  }
  results.push(...(await examine(machineOf(surroundings, machine))));
  await print({ daemons, results }, context);
  return exitCodeOf(results);
}

/** 9 for an error, 10 for nothing worse than a warning; what is only worth knowing is no reason to stop a script. */
function exitCodeOf(results: readonly CheckResult[]): ExitCode {
  switch (worstSeverity(results.flatMap(({ findings }) => findings))) {
    case 'error':
      return EXIT_CODES.invalid;
    case 'warning':
      return EXIT_CODES.wouldChange;
    case 'info':
    case undefined:
      return EXIT_CODES.ok;
  }
}

async function print(report: DoctorReport, context: DoctorContext): Promise<void> {
  const result = {
    pretty: () => formatDoctorReport(report),
    json: () => doctorReportJson(report, readPackageInfo().version),
    // Findings with evidence and remedy need lines; the table is there for those who ask for it.
    ...(context.given.has('output') ? { table: () => doctorTable(report) } : {}),
  };
  if (!context.flags.json) return context.print(result);
  const { jsonText } = await import('./protojson.ts');
  context.out(jsonText(result.json()));
}

function surroundingsOf({ clock, signal, env, flags }: DoctorContext): Surroundings {
  return {
    clock,
    signal,
    env,
    timeoutMs: Math.max(1, nanosecondsToMs(flags.timeout)),
    cwd: process.cwd(),
    uid: process.geteuid?.() ?? 0,
  };
}

function machineOf(surroundings: Surroundings, isWhole: boolean): MachinePatient {
  return {
    kind: 'machine',
    isWhole,
    surroundings,
    variablesPutAside: findPutAside(surroundings.env),
    ownPrograms: join(readPackageInfo().root, 'bin'),
    kernelRelease: release(),
  };
}
