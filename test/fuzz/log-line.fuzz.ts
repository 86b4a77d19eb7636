import { goQuote } from '../../src/lib/runtime/go-quote.ts';
import { formatLogEntry } from '../../src/lib/runtime/log-format.ts';
import { redactSecrets } from '../../src/lib/runtime/log-value.ts';

const TIME_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 60);
const SECRET = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Whatever text a caller has put into a log, it makes one line without secrets, in each form, that can be read again. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const entry = {
    timeMs: TIME_MS,
    level: 'info',
    message: text,
    fields: { [text]: text, list: [text, 1], token: text },
  } as const;
  for (const format of ['default', 'text', 'json'] as const) {
    const line = formatLogEntry(format, entry);
    if (line.indexOf('\n') !== line.length - 1 || /[\0-\x08\x0b-\x1f]/.test(line))
      throw new Error('more than one line');
  }
  const json: { msg: string } = JSON.parse(formatLogEntry('json', entry));
  if (json.msg !== redactSecrets(text)) throw new Error('another message');
  if (text.length < 4096 && SECRET.test(redactSecrets(text))) throw new Error('a secret is left');
  if (!SECRET.test(text.slice(0, 4096)) && text.length < 4096 && redactSecrets(text) !== text)
    throw new Error('no secret, but gone');
  if (!/^"(?:[^"\\\p{Cc}]|\\(?:[abfnrtv"\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*"$/u.test(goQuote(text))) {
    throw new Error('not quoted');
  }
}
