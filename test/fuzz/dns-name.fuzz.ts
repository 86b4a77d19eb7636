import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { checkDnsName } from '../../src/lib/wire/convert/dns-name.ts';

/** Any text is refused as an argument, or is a name that can stand in a certificate. */
export function target(bytes: Uint8Array): void {
  const name = Buffer.from(bytes).toString('utf8');
  try {
    checkDnsName(name);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-argument') return;
    throw error;
  }
  if (name.length > 255 || !/^[\x21-\x7e]+$/.test(name)) throw new Error('not a name of ASCII');
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  for (const label of labels) {
    if (label === '' || label.length > 63 || /^-|-$|\*/.test(label)) throw new Error(`not a label: ${label}`);
  }
}
