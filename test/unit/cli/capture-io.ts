import { Readable } from 'node:stream';
import type { CommandIo } from '../../../src/lib/cli/command-context.ts';

/** Streams for a command that keep what is written to them. */
export function captureIo(
  options: {
    stdin?: string;
    onStdout?: ((text: string) => unknown) | undefined;
    onStderr?: ((text: string) => unknown) | undefined;
  } = {},
): {
  io: CommandIo;
  written: { stdout: string; stderr: string };
} {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written): CommandIo['stdout'] => ({
    write(text: string | Uint8Array) {
      const plain = typeof text === 'string' ? text : Buffer.from(text).toString();
      written[name] += plain;
      if (name === 'stdout') options.onStdout?.(plain);
      else options.onStderr?.(plain);
    },
  });
  return {
    io: { stdin: Readable.from([options.stdin ?? '']), stdout: output('stdout'), stderr: output('stderr') },
    written,
  };
}
