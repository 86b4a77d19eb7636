import { SpirekitError } from '../runtime/errors.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Asks a person on the terminal; anything but yes is no. Where nobody can be asked the command line has to have said it.
 *
 * @param isGiven whether the command line has said yes
 * @throws SpirekitError `usage` without a terminal, the signal's reason
 */
export async function isConfirmed(
  question: string,
  isGiven: boolean,
  { io, signal }: Pick<CommandContext, 'io' | 'signal'>,
): Promise<boolean> {
  if (isGiven) return true;
  if (!('isTTY' in io.stdin) || io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new SpirekitError('usage', 'there is no terminal to ask on: say --yes to go ahead');
  }
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: io.stdin });
  io.stderr.write(`${question} [y/N] `);
  try {
    const answer = await Promise.race([
      lines.question('', { signal }),
      new Promise<string>((resolve) => lines.once('close', () => resolve(''))),
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
