import { chownSync, writeFileSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCertificate } from '../../../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { connectPostgres } from '../../../../../src/lib/server/datastore/postgres/connect.ts';
import { connectionSettings } from '../../../../../src/lib/server/datastore/postgres/connection-settings.ts';
import { openDatabase } from '../../../../../src/lib/server/datastore/postgres/open-postgres-data-store.ts';
import { fromPostgresError } from '../../../../../src/lib/server/datastore/postgres/postgres-errors.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { postgresUser, whyNoPostgres } from '../../../../support/postgres-kit.ts';
import { PostgresServer } from '../../../../support/postgres-server.ts';
import { TemporaryFolder } from '../temporary-folder.ts';
import { eventually } from './eventually.ts';

const reason = whyNoPostgres();
const because = reason === undefined ? '' : ` (${reason})`;
const PASSWORD = 'a-secret-nobody-may-see';

describe.skipIf(reason !== undefined)(`connections to PostgreSQL${because}`, { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let folder: TemporaryFolder;
  let roots: { own: string; other: string };

  beforeAll(async () => {
    server = await PostgresServer.open();
    folder = await TemporaryFolder.make();
    const ca = await certificateAuthority();
    const issued = await ca.issue('db.example.org', ['db.example.org']);
    const client = await ca.issue('with_certificate', []);
    roots = { own: folder.file('root.crt'), other: folder.file('other.crt') };
    await writeFile(roots.own, ca.pem);
    await writeFile(roots.other, (await certificateAuthority()).pem);
    await writeFile(folder.file('client.crt'), client.cert);
    await writeFile(folder.file('client.key'), client.key, { mode: 0o600 });
    for (const [name, text] of [
      ['server.crt', issued.cert],
      ['server.key', issued.key],
      ['ca.crt', ca.pem],
    ] as const) {
      const path = join(server.dataDir, name);
      writeFileSync(path, text, { mode: 0o600 });
      if (postgresUser.uid !== undefined) chownSync(path, postgresUser.uid, postgresUser.uid);
    }
    server.configure({ ssl: 'on', ssl_ca_file: 'ca.crt', max_connections: '40' });
    await server.query(`create role with_password login password '${PASSWORD}'; create role with_certificate login`);
    const hba = join(server.dataDir, 'pg_hba.conf');
    const rules = ['host all with_password all scram-sha-256', 'hostssl all with_certificate all cert'];
    const text = await readFile(hba, 'utf8');
    await writeFile(hba, `${rules.join('\n')}\n`);
    await appendFile(hba, text);
    await server.stop();
    await server.start();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const at = (more: string) => `host=db.example.org hostaddr=127.0.0.1 port=${server.port} dbname=postgres ${more}`;
  const settings = (text: string, environment = {}) => connectionSettings(text, environment, 'nobody');

  async function isEncrypted(text: string, environment = {}): Promise<boolean> {
    const client = await connectPostgres(settings(text, environment));
    try {
      const { rows } = await client.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
      return rows[0]?.ssl === true;
    } finally {
      await client.end();
    }
  }

  test.each([
    ['user=postgres sslmode=disable', false],
    ['user=postgres sslmode=allow', false],
    ['user=postgres sslmode=prefer', true],
    ['user=postgres', true],
    ['user=postgres sslmode=verify-ca sslrootcert=ROOT', true],
    ['user=postgres sslmode=verify-full sslrootcert=ROOT', true],
    [
      'user=with_certificate sslmode=verify-full sslrootcert=ROOT sslcert=FOLDER/client.crt sslkey=FOLDER/client.key',
      true,
    ],
    [`user=with_password password=${PASSWORD} sslmode=require`, true],
  ])('%s: encrypted %s', async (more, encrypted) => {
    expect(await isEncrypted(at(more.replace('ROOT', roots.own).replaceAll('FOLDER', folder.path)))).toBe(encrypted);
  });

  test.each([
    ['sslmode=verify-ca sslrootcert=OTHER', /certificate|signature/],
    // A root makes of `require` what `verify-ca` is, as in libpq.
    ['sslmode=require sslrootcert=OTHER', /certificate|signature/],
    ['sslmode=verify-full sslrootcert=ROOT host=other.example.org', /other\.example\.org/],
    ['sslmode=verify-ca sslrootcert=/nowhere/root.crt', /sslrootcert "\/nowhere\/root.crt": no such file/],
    ['sslmode=require sslcert=ROOT sslkey=OTHER', /others may read it/],
  ])('%s is refused', async (more, message) => {
    const text = at(`user=postgres ${more.replace('ROOT', roots.own).replace('OTHER', roots.other)}`);
    await expect(isEncrypted(text)).rejects.toThrow(message);
  });

  test('F45: a password comes from the environment or a file and is in no error', async () => {
    const text = at('user=with_password sslmode=require');
    expect(await isEncrypted(text, { PGPASSWORD: PASSWORD })).toBe(true);
    const passfile = folder.file('pgpass');
    await writeFile(passfile, `*:*:*:with_password:${PASSWORD}\n`, { mode: 0o600 });
    expect(await isEncrypted(text, { PGPASSFILE: passfile })).toBe(true);
    for (const wrong of [`${text} password=${PASSWORD}x`, `${text} password=${PASSWORD} dbname=none`]) {
      const error: unknown = await isEncrypted(wrong).catch((each: unknown) => each);
      expect(fromPostgresError(error).code).toBe('unavailable');
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(PASSWORD);
    }
  });

  test('the first host that is there and is what was asked for is taken', async () => {
    const hosts = `host=127.0.0.1,127.0.0.1 port=1,${server.port} user=postgres dbname=postgres sslmode=disable`;
    expect(await isEncrypted(hosts)).toBe(false);
    expect(await isEncrypted(`${hosts} target_session_attrs=read-write`)).toBe(false);
    expect(await isEncrypted(`${hosts} target_session_attrs=prefer-standby`)).toBe(false);
    await expect(isEncrypted(`${hosts} target_session_attrs=standby`)).rejects.toThrow('target_session_attrs=standby');
    await expect(isEncrypted('host=127.0.0.1 port=1 user=x sslmode=disable')).rejects.toThrow('ECONNREFUSED');
  });

  test('there are never more connections than allowed, and none is kept that is not', async () => {
    const name = 'application_name=pooled';
    const clock = new ManualClock();
    const limits = { mostOpen: 3, mostIdle: 1, longestLifeMs: 60_000 };
    await using db = openDatabase(settings(at(`user=postgres sslmode=disable ${name}`)), { limits, clock });
    const count = async (): Promise<unknown> =>
      (await server.query("select count(*)::int as n from pg_stat_activity where application_name = 'pooled'"))
        .rows[0]?.['n'];
    let most = 0;
    const work = Array.from({ length: 20 }, async () => {
      await sql`select pg_sleep(0.02)`.execute(db);
      most = Math.max(most, Number(await count()));
    });
    await Promise.all(work);
    expect(most).toBeLessThanOrEqual(3);
    await eventually(async () => expect(await count()).toBe(1));
    const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;
    const first = await pid();
    expect(await pid()).toBe(first);
    clock.advance(30_000);
    await eventually(async () => expect(await count()).toBe(0));
    const second = await pid();
    clock.advance(60_000);
    expect(await pid()).not.toBe(second);
  });

  test('who needs a connection while all stay in use is told so', async () => {
    const clock = new ManualClock();
    const limits = { mostOpen: 1, mostIdle: 1, longestLifeMs: undefined };
    await using db = openDatabase(settings(at('user=postgres sslmode=disable')), { limits, clock });
    await db.connection().execute(async () => {
      const waiting = sql`select 1`.execute(db);
      await eventually(() => expect(clock.isAwaited(10_000)).toBe(true));
      clock.advance(10_000);
      await expect(waiting).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('max_open_conns'),
      });
    });
    await sql`select 1`.execute(db);
  });

  test('a statement without an answer is given up with its connection, and the next one has another', async () => {
    const clock = new ManualClock();
    const limits = { mostOpen: 1, mostIdle: 1, longestLifeMs: undefined };
    await using db = openDatabase(settings(at('user=postgres sslmode=disable')), { limits, clock });
    await sql`select 1`.execute(db);
    const silent = sql`select pg_sleep(60)`.execute(db);
    await eventually(() => expect(clock.isAwaited(20_000)).toBe(true));
    clock.advance(20_000);
    await expect(silent).rejects.toThrow('the database has not answered for 20 s');
    await sql`select 1`.execute(db);
  });

  test('the server itself bounds statements, unless the connection string does', async () => {
    const limits = { mostOpen: 1, mostIdle: 1, longestLifeMs: undefined };
    const show = async (more: string) => {
      await using db = openDatabase(settings(at(`user=postgres sslmode=disable ${more}`)), {
        limits,
        clock: systemClock,
      });
      return (await sql<{ statement_timeout: string }>`show statement_timeout`.execute(db)).rows[0]?.statement_timeout;
    };
    expect(await show('')).toBe('15s');
    expect(await show('statement_timeout=7s')).toBe('7s');
  });
});

async function certificateAuthority() {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const subject = Name.of({ country: ['US'], organization: ['Databases'], commonName: 'Root' });
  const time = { notBefore: new Date(0), notAfter: new Date(4_000_000_000_000) };
  const root = await issueCertificate({
    ...{ subject, issuer: subject, ...time, isCa: true, keyUsages: ['keyCertSign', 'cRLSign'] },
    ...{ publicKey: signer.publicKey, subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)), signer },
  });
  const issue = async (commonName: string, dnsNames: readonly string[]): Promise<{ cert: string; key: string }> => {
    const key = await generateKey('ec-p256');
    const { publicKey } = signerFromKey(key);
    const certificate = await issueCertificate({
      ...{
        subject: Name.of({ commonName }),
        issuer: subject,
        ...time,
        isCa: false,
        dnsNames,
        keyUsages: ['digitalSignature'],
      },
      ...{ publicKey, subjectKeyId: subjectKeyId(publicKeyDer(publicKey)), signer },
    });
    return {
      cert: pemEncode('CERTIFICATE', certificate.der),
      key: String(key.export({ format: 'pem', type: 'pkcs8' })),
    };
  };
  return { pem: pemEncode('CERTIFICATE', root.der), issue };
}
