import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ErrorCode, SpirekitError, spkCode } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { SpiffeError } from '../spiffe/spiffe-error.ts';
import { escapeControlsInLines } from './terminal-text.ts';

/** A failure that knows what to do about it; the umbrella prints the advice on a line of its own. */
export class AdvisedError extends SpirekitError {
  override readonly name = 'AdvisedError';
  readonly advice: string;

  constructor(code: ErrorCode, message: string, advice: string, options?: ErrorOptions) {
    super(code, message, options);
    this.advice = advice;
  }
}

/** What the umbrella prints for a failure: what happened, its code, and what to do about it if that is known. */
export function describeFailure(error: SpirekitError, words?: string): string {
  const advice = adviceFor(error, words);
  return asFailure(plainly(withValue(error)), umbrellaCode(error), advice);
}

/** A failure as the umbrella prints it: the sentence, its number and name, and the advice on lines of its own. */
export function asFailure(sentence: string, code: ErrorCode, advice?: string): string {
  const text = `Error: ${sentence} (${spkCode(code)} ${code})\n${advice === undefined ? '' : `${advice}\n`}`;
  return escapeControlsInLines(text);
}

/** The code that decides on the umbrella's exit code: the Workload API says only by its words that there is no identity. */
export function umbrellaCode(error: SpirekitError): SpirekitError['code'] {
  const isWithoutIdentity = error.code === 'permission-denied' && error.message.endsWith('no identity issued');
  return isWithoutIdentity ? 'no-identity' : error.code;
}

/** Longer values are cut: they fill the screen and say no more. */
const MAX_VALUE_LENGTH = 200;

/** The message, with the text that was wrong where only the error knows it. */
function withValue(error: SpirekitError): string {
  const { message } = error;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof SpiffeError) || !cause.value) continue;
    if (!message.endsWith(cause.message) || message.includes(cause.value)) break;
    const isLong = cause.value.length > MAX_VALUE_LENGTH;
    const value = goQuote(isLong ? `${cause.value.slice(0, MAX_VALUE_LENGTH)}...` : cause.value);
    return `${message.slice(0, -cause.message.length)}${value}: ${cause.message}`;
  }
  return message;
}

/** Without the frames that Go's gRPC puts around what happened; the drop-ins keep them for scripts. */
export function plainly(message: string): string {
  const dial = /connection error: desc = "transport: Error while dialing: dial unix (.+?): connect: (.+?)"/;
  return message
    .trim()
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(dial, (_, address: string, reason: string) => `cannot connect to ${socketPath(address)}: ${reason}`);
}

/** The path in a dialled address: SPIRE's server commands show an absolute one behind two slashes more. */
function socketPath(address: string): string {
  return address.replace(/^\/\/(?=\/)/, '');
}

function adviceFor(error: SpirekitError, words: string | undefined): string | undefined {
  // Words may have been put in front of it since.
  for (let cause: unknown = error; cause instanceof SpirekitError; cause = cause.cause) {
    if (cause instanceof AdvisedError) return cause.advice;
  }
  const { message } = error;
  switch (umbrellaCode(error)) {
    case 'usage':
      return words === undefined ? undefined : `Run \`spirekit ${words} --help\` to see its flags.`;
    case 'no-identity':
      return (
        'The agent runs, but no registration entry matches this process.\n' +
        '`spirekit why` names the entries that come near, and what they want that it lacks.'
      );
    case 'unavailable': {
      const socket = /dial unix (.+?): connect: (no such file or directory|connection refused|permission denied)/.exec(
        message,
      );
      if (socket === null) return undefined;
      const path = socketPath(socket[1] ?? '');
      if (path.includes('unix:')) return 'Give --socket-path the path alone, without `unix:`.';
      if (socket[2] === 'permission denied') return `This user may not open it; \`ls -l ${path}\` shows who may.`;
      return `Nothing listens on ${path}. Start the program that does, or name its socket with --socket-path.`;
    }
    case 'io-error': {
      const folder = dirname(/open (.+): no such file or directory$/.exec(message)?.[1] ?? '');
      return existsSync(folder) ? undefined : `There is no folder ${folder}; \`mkdir -p ${folder}\` makes it.`;
    }
    case 'unimplemented':
      return 'What listens there does not know this call. The socket of the agent and that of the server differ.';
    case 'invalid-spiffe-id':
      return 'A SPIFFE ID looks like spiffe://example.org/web.';
    case 'invalid-trust-domain':
      return 'A trust domain looks like example.org.';
    case 'invalid-selector':
      return 'A selector looks like unix:uid:1000.';
    case 'deadline-exceeded':
      return 'The program took the call and did not answer in time. Give it longer with --timeout, or look at its log.';
    case 'permission-denied':
      return 'The call arrived and was refused: another socket or another user may be needed.';
    default:
      return undefined;
  }
}
