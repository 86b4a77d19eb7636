import type { KeyObject } from 'node:crypto';
import type { ErrorCode } from '../../runtime/errors.ts';
import type { CsrTask } from './csr-task.ts';

/** What a signing thread is asked: to carry out tasks with one key. */
export interface SigningJob {
  readonly privateKey: KeyObject;
  readonly tasks: readonly CsrTask[];
}

/** What became of a task: the certificate in DER, or the error that a caller may be told. */
export type TaskOutcome =
  | { readonly kind: 'issued'; readonly der: Uint8Array }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** A job on its way to a thread. Answers name the job, since a shorter one may be done before an earlier one. */
export interface NumberedJob extends SigningJob {
  readonly number: number;
}

/** A thread's answer to a job: an outcome for each task. */
export interface JobAnswer {
  readonly number: number;
  readonly outcomes: readonly TaskOutcome[];
}
