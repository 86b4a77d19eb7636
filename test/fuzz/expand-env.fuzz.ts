import { expandEnv } from '../../src/lib/config/expand-env.ts';
import { expandAsGo } from '../support/expand-as-go.ts';

const env: Readonly<Record<string, string>> = { A: '1', NAME: 'a "value"', _x9: '$A', '1': 'one', '*': 'star' };

/** Any text becomes what a scan by the letter of Go's `os.Expand` makes of it; without a dollar sign it stays. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const expanded = expandEnv(text, env);
  if (expanded !== expandAsGo(text, (name) => env[name] ?? '')) throw new Error('another text than Go makes');
  if (!text.includes('$') && expanded !== text) throw new Error('a text without variables was changed');
}
