import { AnswerFinder, TlsAnswerFinder } from './answers.ts';
import { readSystemCalls } from './system-calls.ts';
import type { Caller, TracedRun } from './traced-load.ts';

/** A caller begins to be told something. */
export interface Acknowledged {
  /** Counts the moments of the trace. */
  readonly moment: number;
  readonly caller: Caller;
  /** How many answers the caller has had with this one. */
  readonly count: number;
}

/** When each answer began to be written, in order. Throws if not every acknowledgement is found in the trace. */
export async function findAcknowledgements({ tracePath, callers }: TracedRun): Promise<Acknowledged[]> {
  const onSockets = new Map<string, { moment: number; message: Buffer }[]>();
  const onTls: number[] = [];
  const answers = new AnswerFinder();
  const tlsAnswers = new TlsAnswerFinder();
  let moment = 0;
  for await (const call of readSystemCalls(tracePath)) {
    moment += 1;
    for (const { connection, message } of answers.take(call)) {
      const known = onSockets.get(connection) ?? [];
      known.push({ moment, message });
      onSockets.set(connection, known);
    }
    if (tlsAnswers.take(call) !== undefined) onTls.push(moment);
  }
  return callers
    .flatMap((caller) => {
      const answered = connectionOf(caller, [...onSockets.values()]);
      let socketAnswers = 0;
      let tlsAnswersSoFar = 0;
      return caller.acknowledgements.map(({ way }, index) => {
        const found = way === 'tls' ? onTls[tlsAnswersSoFar++] : answered[socketAnswers++]?.moment;
        if (found === undefined) throw new Error('an acknowledgement is not in the trace');
        return { moment: found, caller, count: index + 1 };
      });
    })
    .sort((a, b) => a.moment - b.moment);
}

/** The answers on the connection where the caller's texts are found. */
function connectionOf(
  { acknowledgements }: Caller,
  connections: readonly (readonly { moment: number; message: Buffer }[])[],
): readonly { moment: number; message: Buffer }[] {
  const texts = acknowledgements.filter(({ way }) => way === 'socket').map(({ text }) => text);
  const matching = connections.filter(
    (answers) =>
      answers.length === texts.length && texts.every((text, at) => answers[at]?.message.includes(text) === true),
  );
  const [only] = matching;
  if (only === undefined || matching.length > 1)
    throw new Error(`${matching.length} connections answer as a caller heard`);
  return only;
}
