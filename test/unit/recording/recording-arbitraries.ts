import fc from 'fast-check';
import type { RecordedAnswer, RecordedRequest } from '../../../src/lib/recording/recorded-answer.ts';
import {
  RECORDED_METHODS,
  RECORDING_SCHEMA,
  type RecordedEvent,
  type RecordingHead,
} from '../../../src/lib/recording/recording.ts';

const names = fc.string({ maxLength: 20 }).filter((name) => name !== '__proto__');
const certificates = fc.oneof(
  fc.array(fc.base64String({ maxLength: 40 }), { maxLength: 3 }),
  fc.record({ malformed_bytes: fc.integer({ min: 0, max: 1000 }) }),
);
const counts = fc.integer({ min: 0, max: 2 ** 40 });

/** Answers in every form. */
export const answers: fc.Arbitrary<RecordedAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant('x509_svids' as const),
    svids: fc.array(
      fc.record({
        spiffe_id: names,
        certificates,
        key: fc.constantFrom('matches' as const, 'differs' as const, 'unreadable' as const),
        bundle: certificates,
        hint: names,
      }),
      { maxLength: 3 },
    ),
    federated_bundles: fc.dictionary(names, certificates, { noNullPrototype: true, maxKeys: 3 }),
  }),
  fc.record({
    kind: fc.constant('x509_bundles' as const),
    bundles: fc.dictionary(names, certificates, { noNullPrototype: true, maxKeys: 3 }),
  }),
  fc.record({
    kind: fc.constant('jwt_svids' as const),
    svids: fc.array(fc.record({ spiffe_id: names, token: names, hint: names }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('jwt_bundles' as const),
    bundles: fc.dictionary(names, fc.oneof(names, fc.constant({ keys: [] })), { noNullPrototype: true, maxKeys: 3 }),
  }),
  fc.record({
    kind: fc.constant('jwt_validation' as const),
    spiffe_id: names,
    claims: fc.dictionary(names, fc.oneof(names, fc.integer()), { noNullPrototype: true, maxKeys: 3 }),
  }),
);

const requests: fc.Arbitrary<RecordedRequest> = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  fc.record({ kind: fc.constant('jwt_svid' as const), audience: fc.array(names, { maxLength: 3 }), spiffe_id: names }),
  fc.record({ kind: fc.constant('jwt_validation' as const), audience: names, token: names }),
);

/** The head of a recording. */
export const heads: fc.Arbitrary<RecordingHead> = fc.record({
  schema: fc.constant(RECORDING_SCHEMA),
  recorded_at: fc.constant('2026-01-02T03:04:05.678Z'),
  spirekit_version: names,
  pseudonyms: fc.boolean(),
});

/** Events of a recording that may be: calls begin once, before anything else is said of them. */
export const conversations: fc.Arbitrary<readonly RecordedEvent[]> = fc
  .array(
    fc.record({
      request: requests,
      method: fc.constantFrom(...RECORDED_METHODS),
      security_header: fc.array(names, { maxLength: 2 }),
      replies: fc.array(answers, { maxLength: 3 }),
      end: fc.option(
        fc.record({
          status: fc.integer({ min: 0, max: 16 }),
          message: names,
          by: fc.constantFrom('server' as const, 'client' as const),
        }),
      ),
      step: counts,
    }),
    { maxLength: 4 },
  )
  .map((calls) => {
    let at_ms = 0;
    const events: RecordedEvent[] = calls.flatMap(({ request, method, security_header, replies, end, step }, index) => {
      at_ms += step;
      const call = index + 1;
      return [
        { event: 'call' as const, at_ms, call, method, security_header, request },
        ...replies.map((answer) => ({ event: 'answer' as const, at_ms, call, answer })),
        ...(end === null ? [] : [{ event: 'end' as const, at_ms, call, ...end }]),
      ];
    });
    return [...events, { event: 'stop', at_ms, reason: 'done' }];
  });
