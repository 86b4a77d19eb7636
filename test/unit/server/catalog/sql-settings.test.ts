import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSqlSettings } from '../../../../src/lib/server/catalog/sql-settings.ts';

const surroundings = { environment: {}, userName: () => 'somebody' };
const read = (data: string) => readSqlSettings(data, surroundings);
const postgres = (more = '', connection = 'host=db user=u') =>
  `database_type = "postgres"\nconnection_string = ${JSON.stringify(connection)}\n${more}`;

describe('the settings of the SQL datastore', () => {
  it('name a file of SQLite', () => {
    const settings = read('database_type = "sqlite3"\nconnection_string = "a.db"\ndisable_migration = true');
    expect(settings).toEqual({ type: 'sqlite3', path: 'a.db', disableMigration: true });
  });

  it('name a database of PostgreSQL, with few connections unless told otherwise', () => {
    expect(read(postgres())).toMatchObject({
      type: 'postgres',
      disableMigration: false,
      settings: { hosts: [{ host: 'db', port: 5432 }], user: 'u', database: 'u', tls: { mode: 'require' } },
      replica: undefined,
      limits: { mostOpen: 20, mostIdle: 20, longestLifeMs: undefined },
    });
  });

  it('bound the pool as database/sql does', () => {
    const limits = (more: string) => {
      const settings = read(postgres(more));
      return settings.type === 'postgres' ? settings.limits : undefined;
    };
    expect(limits('max_open_conns = 3\nmax_idle_conns = 9')).toMatchObject({ mostOpen: 3, mostIdle: 3 });
    expect(limits('max_open_conns = 0')).toMatchObject({ mostOpen: 1000 });
    expect(limits('max_idle_conns = -1')).toMatchObject({ mostOpen: 20, mostIdle: 0 });
    expect(limits('conn_max_lifetime = "90s"')).toMatchObject({ longestLifeMs: 90_000 });
    expect(limits('conn_max_lifetime = "0s"')).toMatchObject({ longestLifeMs: undefined });
  });

  it('name a second database that is only read', () => {
    const settings = read(postgres('ro_connection_string = "host=replica user=u"'));
    expect(settings).toMatchObject({ replica: { hosts: [{ host: 'replica' }] } });
  });

  it.each([
    ['connection_string = "x"', 'datastore-sql: database_type must be set'],
    ['database_type = "postgres"', 'datastore-sql: connection_string must be set'],
    ['database_type = "oracle"\nconnection_string = "x"', 'datastore-sql: unsupported database_type: oracle'],
    [
      'database_type = "mysql"\nconnection_string = "x"',
      'datastore-sql: database_type "mysql" is not supported here: use "postgres" or "sqlite3"',
    ],
    [
      'database_type "aws_postgres" { region = "x" }\nconnection_string = "x"',
      'datastore-sql: database_type "aws_postgres" is not supported here: use "postgres" or "sqlite3"',
    ],
    [
      postgres('conn_max_lifetime = "soon"'),
      'datastore-sql: failed to parse conn_max_lifetime "soon": time: invalid duration "soon"',
    ],
  ])('refuses %j', (data, message) => {
    expect(() => read(data)).toThrow(expect.objectContaining({ code: 'invalid-config', message }));
  });

  it('take any connection string or refuse it in words that do not hold it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{8,20}$/), fc.string(), (secret, noise) => {
        try {
          const settings = readSqlSettings(postgres('', `password='${secret}' ${noise}`), surroundings);
          expect(settings.type).toBe('postgres');
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-config' });
          expect(String(error)).not.toContain(secret);
        }
      }),
    );
  });
});
