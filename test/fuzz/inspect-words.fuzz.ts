import { parseRenewalThreshold } from '../../src/lib/inspect/renewal.ts';
import { parseSource } from '../../src/lib/inspect/source.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is a source and a threshold, or is refused with a code of ours. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  orRefused(() => {
    const source = parseSource(text);
    if (source.kind === 'tls' && !(source.port > 0 && source.port < 65_536)) throw new Error('no port');
    if (source.kind === 'https' && !text.toLowerCase().startsWith('https://')) throw new Error('another scheme');
  });
  orRefused(() => {
    const threshold = parseRenewalThreshold(text);
    if (threshold.kind === 'share' && !(threshold.used > 0 && threshold.used <= 1)) throw new Error('no share');
    if (threshold.kind === 'time' && !(threshold.leftMs >= 0)) throw new Error('no time');
  });
}

function orRefused(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    if (!['invalid-argument', 'usage'].includes(error.code)) throw error;
  }
}
