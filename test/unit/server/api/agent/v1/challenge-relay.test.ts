import { describe, expect, test } from 'vitest';
import { relayChallenges } from '../../../../../../src/lib/server/api/agent/v1/challenge-relay.ts';
import type { AttestAgentRequest } from '../../../../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';

const answer = (text: string): AttestAgentRequest => ({
  step: { $case: 'challengeResponse', value: Buffer.from(text) },
});

async function* agentSays(...messages: AttestAgentRequest[]): AsyncGenerator<AttestAgentRequest> {
  yield* messages;
}

async function converse<T>(
  requests: AsyncIterator<AttestAgentRequest>,
  attest: Parameters<typeof relayChallenges<T>>[1],
): Promise<{ challenges: string[]; outcome: T }> {
  const conversation = relayChallenges(requests, attest);
  const challenges: string[] = [];
  for (;;) {
    const { done, value } = await conversation.next();
    if (done === true) return { challenges, outcome: value };
    if (value.step?.$case === 'challenge') challenges.push(Buffer.from(value.step.value).toString());
  }
}

describe('relayChallenges', () => {
  test('asks nothing when the attestor asks nothing', async () => {
    expect(await converse(agentSays(), async () => 'done')).toEqual({ challenges: [], outcome: 'done' });
  });

  test('puts each question and brings back its answer', async () => {
    const result = await converse(agentSays(answer('a1'), answer('a2')), async (challenge) => {
      const first = Buffer.from(await challenge(Buffer.from('q1'))).toString();
      const second = Buffer.from(await challenge(Buffer.from('q2'))).toString();
      return [first, second];
    });
    expect(result).toEqual({ challenges: ['q1', 'q2'], outcome: ['a1', 'a2'] });
  });

  test('puts questions asked at the same time one after the other', async () => {
    const result = await converse(agentSays(answer('a1'), answer('a2')), (challenge) =>
      Promise.all(['q1', 'q2'].map(async (text) => Buffer.from(await challenge(Buffer.from(text))).toString())),
    );
    expect(result).toEqual({ challenges: ['q1', 'q2'], outcome: ['a1', 'a2'] });
  });

  test('an answer of another kind is empty', async () => {
    const { outcome } = await converse(agentSays({ step: undefined }), (challenge) => challenge(Buffer.from('q')));
    expect(outcome).toHaveLength(0);
  });

  test('passes the failure of the attestor on, also after a question', async () => {
    const failing = converse(agentSays(answer('wrong')), async (challenge) => {
      await challenge(Buffer.from('q'));
      throw new Error('not who it says');
    });
    await expect(failing).rejects.toThrow('not who it says');
  });

  test('an agent that hangs up ends the attestation and the attestor’s waiting', async () => {
    let heard: unknown;
    const failing = converse(agentSays(), (challenge) =>
      challenge(Buffer.from('q')).catch((error: unknown) => {
        heard = error;
        throw error;
      }),
    );
    await expect(failing).rejects.toMatchObject({ code: 'internal' });
    await Promise.resolve();
    expect(heard).toMatchObject({ message: 'failed to receive challenge from agent: EOF' });
  });

  test('a caller that leaves in the middle ends the attestor’s waiting', async () => {
    let heard: unknown;
    const conversation = relayChallenges(agentSays(answer('late')), (challenge) =>
      challenge(Buffer.from('q')).catch((error: unknown) => {
        heard = error;
        throw error;
      }),
    );
    await conversation.next();
    await conversation.return(new Uint8Array());
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toMatchObject({ code: 'internal' });
  });
});
