import { type ErrorCode, SpirekitError } from '../runtime/errors.ts';

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
  return `Error: ${plainly(error.message)} (${umbrellaCode(error)})\n${advice === undefined ? '' : `${advice}\n`}`;
}

/** The same failure with words before its message, as SPIRE's commands put them: `error fetching entries: rpc error: ...`. */
export function prefixed(words: string, error: unknown): SpirekitError {
  const failure = SpirekitError.from(error);
  return new SpirekitError(failure.code, `${words}: ${failure.message}`, { cause: error });
}

/** The code that decides on the umbrella's exit code: the Workload API says only by its words that there is no identity. */
export function umbrellaCode(error: SpirekitError): SpirekitError['code'] {
  const isWithoutIdentity = error.code === 'permission-denied' && error.message.endsWith('no identity issued');
  return isWithoutIdentity ? 'no-identity' : error.code;
}

/** Without the frames that Go's gRPC puts around what happened; the drop-ins keep them for scripts. */
function plainly(message: string): string {
  const dial = /connection error: desc = "transport: Error while dialing: dial unix (.+?): connect: (.+?)"/;
  return message
    .trim()
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(dial, 'cannot connect to $1: $2');
}

function adviceFor(error: SpirekitError, words: string | undefined): string | undefined {
  if (error instanceof AdvisedError) return error.advice;
  const { message } = error;
  switch (umbrellaCode(error)) {
    case 'usage':
      return words === undefined ? undefined : `Run \`spirekit ${words} --help\` to see its flags.`;
    case 'no-identity':
      return (
        'The agent runs, but no registration entry matches this process.\n' +
        'Compare its user and group with the selectors that `spirekit entry show` lists.'
      );
    case 'unavailable': {
      const socket = /dial unix (.+?): connect: (no such file or directory|connection refused|permission denied)/.exec(
        message,
      );
      if (socket === null) return undefined;
      if (socket[2] === 'permission denied')
        return `This user may not open ${socket[1]}; ask who owns it with \`ls -l\`.`;
      return `Nothing listens on ${socket[1]}. Start the program that does, or name its socket with --socket-path.`;
    }
    case 'deadline-exceeded':
      return 'The program took the call and did not answer in time. Give it longer with --timeout, or look at its log.';
    case 'permission-denied':
      return 'The call arrived and was refused: another socket or another user may be needed.';
    default:
      return undefined;
  }
}
