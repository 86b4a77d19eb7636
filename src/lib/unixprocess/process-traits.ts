import { SpirekitError } from '../runtime/errors.ts';

/** What `/proc/<pid>/status` tells of a process that no selector is made of. */
export interface StatusTraits {
  readonly realUid: number;
  readonly realGid: number;
  /** How many pid namespaces it is in, seen from the reader's: 1 without any of its own. */
  readonly namespaceDepth: number;
}

/** Reads the text of a `/proc/<pid>/status` (proc_pid_status(5)). Throws `internal` if an id is missing or is none. */
export function parseStatusTraits(text: string): StatusTraits {
  return {
    realUid: firstNumber('Uid', text),
    realGid: firstNumber('Gid', text),
    // Kernels without pid namespaces do not have the row.
    namespaceDepth: Math.max(1, wordsOf('NSpid', text).length),
  };
}

function firstNumber(name: string, text: string): number {
  const [word = ''] = wordsOf(name, text);
  const id = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  if (!(id <= 0xffff_ffff)) throw new SpirekitError('internal', `no ${name} in the status of the process`);
  return id;
}

function wordsOf(name: string, text: string): readonly string[] {
  const row = text.split('\n').find((line) => line.startsWith(`${name}:`));
  return (row ?? '')
    .slice(name.length + 1)
    .split(/[ \t]+/)
    .filter((word) => word !== '');
}
