import { flag, GoFlagSet } from '../../src/lib/cli/go-flags.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatGoDuration, parseGoDuration } from '../../src/lib/runtime/go-duration.ts';

const specs = {
  socketPath: flag.string({ usage: '' }),
  silent: flag.bool({ usage: '' }),
  ttl: flag.int({ usage: '' }),
  timeout: flag.durationValue({ usage: '' }),
  selector: flag.strings({ usage: '' }),
  output: flag.output(),
};

/**
 * Any arguments (one a line) are refused with a usage error or parsed: then what was not taken is the end of what was
 * given (on the drop-ins), numbers are exact and durations can be written and read again.
 */
export function target(bytes: Uint8Array): void {
  const argv = new TextDecoder().decode(bytes).split('\n');
  for (const program of ['spire-agent', 'spirekit'] as const) {
    try {
      const { values, args } = new GoFlagSet('fuzz', specs, program).parse(argv);
      if (!Number.isSafeInteger(values.ttl)) throw new Error('an integer that is not exact');
      if (parseGoDuration(formatGoDuration(values.timeout)) !== values.timeout) throw new Error('a duration changed');
      const tail = argv.slice(argv.length - args.length);
      if (program === 'spire-agent' && JSON.stringify(args) !== JSON.stringify(tail))
        throw new Error('arguments changed');
    } catch (error) {
      if (!(error instanceof SpirekitError) || error.code !== 'usage') throw error;
    }
  }
}
