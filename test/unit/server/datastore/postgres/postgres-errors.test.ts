import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import {
  ConnectionLost,
  fromPostgresError,
  isConnectionLost,
  isRolledBack,
} from '../../../../../src/lib/server/datastore/postgres/postgres-errors.ts';

const reported = (code: string) => Object.assign(new Error('sentence'), { code, severity: 'ERROR' });
const system = (code: string) => Object.assign(new Error(`connect ${code}`), { code, errno: -1, syscall: 'connect' });

test.each([
  ['53100', 'unavailable', false, false],
  ['53300', 'unavailable', false, false],
  ['55P03', 'unavailable', false, false],
  ['57014', 'unavailable', false, false],
  ['57P01', 'unavailable', true, false],
  ['25006', 'unavailable', false, false],
  ['25P03', 'unavailable', true, false],
  ['28P01', 'unavailable', false, false],
  ['40001', 'unavailable', false, true],
  ['40P01', 'unavailable', false, true],
  ['XX001', 'data-loss', false, false],
  ['22021', 'invalid-argument', false, false],
  ['54000', 'invalid-argument', false, false],
  ['42601', 'internal', false, false],
])('SQLSTATE %s is %s', (state, code, isLost, mayTryAgain) => {
  const error = reported(state);
  expect(fromPostgresError(error)).toMatchObject({ code, message: 'datastore-sql: sentence' });
  expect(isConnectionLost(error)).toBe(isLost);
  expect(isRolledBack(error)).toBe(mayTryAgain);
});

test('what the system or the driver says of a connection is unavailable', () => {
  const errors = [
    system('ECONNREFUSED'),
    system('EPIPE'),
    new Error('Connection terminated unexpectedly'),
    new ConnectionLost('x'),
  ];
  for (const error of errors) {
    expect(fromPostgresError(error)).toMatchObject({ code: 'unavailable' });
    expect(isConnectionLost(error)).toBe(true);
  }
  const several = new AggregateError([system('ECONNREFUSED'), system('ETIMEDOUT')], '');
  expect(fromPostgresError(several).message).toBe('datastore-sql: connect ECONNREFUSED; connect ETIMEDOUT');
});

test('any error gets a code and keeps its sentence; ours stay as they are', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (sentence, code) => {
      const error = fromPostgresError(Object.assign(new Error(sentence), { code }));
      expect(error).toBeInstanceOf(SpirekitError);
      expect(error.message).toBe(`datastore-sql: ${sentence}`);
    }),
  );
  const own = new SpirekitError('not-found', 'x');
  expect(fromPostgresError(own)).toBe(own);
  expect(isConnectionLost(own)).toBe(false);
});
