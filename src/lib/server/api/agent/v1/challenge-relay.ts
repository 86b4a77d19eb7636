import { SpirekitError } from '../../../../runtime/errors.ts';
import type { AttestAgentRequest, AttestAgentResponse } from '../../../../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { ChallengeAgent } from '../../../plugin/nodeattestor/node-attestor.ts';

interface Question {
  readonly challenge: Uint8Array;
  readonly answer: PromiseWithResolvers<Uint8Array>;
}

/**
 * Runs an attestation that asks its questions by a function, as the conversation of a stream: yields each challenge, hands
 * back what the agent answers, and returns the outcome.
 */
export async function* relayChallenges<T>(
  requests: AsyncIterator<AttestAgentRequest>,
  attest: (challenge: ChallengeAgent) => Promise<T>,
): AsyncGenerator<AttestAgentResponse, T> {
  const questions: Question[] = [];
  let asked = Promise.withResolvers<void>();
  const attesting = attest((challenge) => {
    const answer = Promise.withResolvers<Uint8Array>();
    questions.push({ challenge, answer });
    asked.resolve();
    return answer.promise;
  });
  // Whoever leaves the conversation in the middle does not hear of its end.
  attesting.catch(() => undefined);
  try {
    for (;;) {
      await Promise.race([attesting, asked.promise]);
      const [question] = questions;
      if (question === undefined) return await attesting;
      yield { step: { $case: 'challenge', value: question.challenge } };
      question.answer.resolve(await readAnswer(requests));
      questions.shift();
      if (questions.length === 0) asked = Promise.withResolvers();
    }
  } finally {
    // The attestor must not wait for ever for an agent that hung up.
    for (const { answer } of questions) answer.reject(hungUp());
  }
}

/** An answer of another kind counts as empty: the attestor knows what is wrong with it. */
async function readAnswer(requests: AsyncIterator<AttestAgentRequest>): Promise<Uint8Array> {
  const { done, value } = await requests.next();
  if (done === true) throw hungUp();
  return value.step?.$case === 'challengeResponse' ? value.step.value : new Uint8Array();
}

function hungUp(): SpirekitError {
  return new SpirekitError('internal', 'failed to receive challenge from agent: EOF');
}
