/**
 * The program of a thread that {@link SigningThreads} starts: gets {@link NumberedJob}s and gives a
 * {@link JobAnswer} to each.
 */
import { parentPort } from 'node:worker_threads';
import { signerFromKey } from '../../crypto/signer.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { type CsrTask, issueForCsr } from './csr-task.ts';
import type { JobAnswer, NumberedJob, TaskOutcome } from './signing-job.ts';

parentPort?.on('message', async ({ number, privateKey, tasks }: NumberedJob) => {
  const signer = signerFromKey(privateKey);
  const outcomes = await Promise.all(tasks.map((task) => carryOut(task, signer)));
  parentPort?.postMessage({ number, outcomes } satisfies JobAnswer);
});

async function carryOut(task: CsrTask, signer: ReturnType<typeof signerFromKey>): Promise<TaskOutcome> {
  try {
    const { der } = await issueForCsr(task, signer);
    // A view would take the memory around it along.
    return { kind: 'issued', der: new Uint8Array(der) };
  } catch (error) {
    const { code, message } = SpirekitError.from(error);
    return { kind: 'failed', code, message };
  }
}
