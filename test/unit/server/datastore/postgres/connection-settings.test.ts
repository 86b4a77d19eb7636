import { describe, expect, test } from 'vitest';
import { connectionSettings } from '../../../../../src/lib/server/datastore/postgres/connection-settings.ts';

const settings = (text: string, environment = {}) => connectionSettings(text, environment, 'somebody');

describe('the settings of a connection', () => {
  test('have the defaults of lib/pq, and a bound on waiting', () => {
    expect(settings('')).toEqual({
      hosts: [{ host: 'localhost', address: undefined, port: 5432 }],
      shufflesHosts: false,
      sessionAttributes: 'any',
      user: 'somebody',
      database: 'somebody',
      password: undefined,
      passwordFile: undefined,
      applicationName: 'spirekit',
      connectTimeoutMs: 10_000,
      options: '',
      tls: {
        mode: 'require',
        rootCert: '',
        cert: '',
        key: '',
        isInline: false,
        minVersion: undefined,
        maxVersion: undefined,
      },
    });
  });

  test('come from the environment where the string does not name them', () => {
    const environment = {
      PGHOST: 'env',
      PGPORT: '1',
      PGPASSWORD: 'pw',
      PGSSLMODE: 'disable',
      PGUSER: 'u',
      PGDATABASE: 'd',
    };
    const read = settings('host=own', environment);
    expect(read).toMatchObject({ hosts: [{ host: 'own', port: 1 }], password: 'pw', user: 'u', database: 'd' });
    expect(read.tls.mode).toBe('disable');
  });

  test('may name several hosts', () => {
    expect(settings('host=a,b hostaddr=127.0.0.1,::1 port=1,2').hosts).toEqual([
      { host: 'a', address: '127.0.0.1', port: 1 },
      { host: 'b', address: '::1', port: 2 },
    ]);
    expect(settings('host=a,b port=7').hosts.map(({ port }) => port)).toEqual([7, 7]);
    expect(settings('host=a,b target_session_attrs=read-write').sessionAttributes).toBe('read-write');
  });

  test('hand what is not known on to the session', () => {
    const { options } = settings("search_path='a, b' statement_timeout=5s options='-c geqo=off'");
    expect(options).toBe(String.raw`-c geqo=off -c search_path=a,\ b -c statement_timeout=5s`);
  });

  test.each([
    ['sslmode=no', 'sslmode "no" is not one of disable, allow, prefer, require, verify-ca, verify-full'],
    ['sslmode=require sslrootcert=system', 'sslmode=require is too weak for sslrootcert=system: use verify-full'],
    ['port=0', 'port "0" is no port'],
    ['port=70000', 'port "70000" is no port'],
    ['host=a port=1,2', 'host and port differ in number'],
    ['host=a,b hostaddr=127.0.0.1', 'host and hostaddr differ in number'],
    ['hostaddr=db.example.org', 'hostaddr "db.example.org" is no IP address'],
    ['connect_timeout=soon', 'connect_timeout "soon" is no number of seconds'],
    ['krbsrvname=x', 'krbsrvname is not supported here'],
    ['service=x', 'service is not supported here'],
    ['sslnegotiation=direct', 'sslnegotiation is not supported here'],
    ['client_encoding=latin1', 'client_encoding must be absent or UTF8'],
    ['a-b=c', 'the name of a setting is none'],
  ])('refuse %s', (text, reason) => {
    expect(() => settings(text)).toThrow(
      expect.objectContaining({ code: 'invalid-config', message: `datastore-sql: connection string: ${reason}` }),
    );
  });
});
