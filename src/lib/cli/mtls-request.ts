import { loadFile, loadStream } from '../inspect/bounded-file.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { CommandContext } from './command-context.ts';

/** An https URL with a host and no credentials. @throws SpirekitError `usage` */
export function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.hostname === '') {
    throw new SpirekitError('usage', `${JSON.stringify(text.slice(0, 200))} is no https URL`);
  }
  if (url.username !== '' || url.password !== '') throw new SpirekitError('usage', 'the URL must not hold a user name');
  return url;
}

/** Headers as `Name: value`. @throws SpirekitError `usage` */
export function headersOf(texts: readonly string[]): [name: string, value: string][] {
  return texts.map((text) => {
    const match = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text);
    if (match === null) throw new SpirekitError('usage', 'a header is written as `Name: value`, on one line');
    return [match[1] ?? '', (match[2] ?? '').trimEnd()];
  });
}

/** @throws SpirekitError `usage` */
export function methodOf(text: string, hasBody: boolean): string {
  if (text === '') return hasBody ? 'POST' : 'GET';
  if (/^[A-Za-z]{1,20}$/.test(text) && text.toUpperCase() !== 'CONNECT') return text.toUpperCase();
  throw new SpirekitError('usage', `${JSON.stringify(text.slice(0, 200))} is no method`);
}

/** The body that a flag gives: itself, or what is in a file. @throws SpirekitError what the file cannot be read with */
export async function bodyOf(text: string, { io, signal }: Pick<CommandContext, 'io' | 'signal'>): Promise<Uint8Array> {
  if (!text.startsWith('@')) return Buffer.from(text, 'utf8');
  const path = text.slice(1);
  return path === '-' ? loadStream('stdin', io.stdin) : loadFile(path, signal);
}
