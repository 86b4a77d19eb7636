import { X509Certificate as NodeCertificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { createCsr } from '../../../../src/lib/crypto/csr.ts';
import { generateKey, type KeyType } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { type LocalSigner, type Signer, signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import { CsrQueue } from '../../../../src/lib/server/ca/csr-queue.ts';
import type { CsrTask } from '../../../../src/lib/server/ca/csr-task.ts';
import { SigningThreads } from '../../../../src/lib/server/ca/signing-threads.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const MANY = 60;

let local: LocalSigner;
let csr: Uint8Array;
beforeAll(async () => {
  local = signerFromKey(await generateKey('ec-p256'));
  csr = await createCsr({ signer: signerFromKey(await generateKey('ec-p256')) });
});

/** A queue whose threads can be counted. */
class Watched implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly threads = new SigningThreads(this.clock, 2);
  readonly queue = new CsrQueue(this.clock, this.threads);

  issueAll(tasks: readonly CsrTask[], signer: Signer = local): Promise<PromiseSettledResult<Uint8Array>[]> {
    return Promise.allSettled(tasks.map((task) => this.queue.issue(task, signer)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.queue[Symbol.asyncDispose]();
  }
}

function task(changes: Partial<CsrTask> = {}): CsrTask {
  return {
    csr,
    subject: Name.of({ organization: ['SPIRE'] }),
    issuer: Name.of({ organization: ['SPIFFE'] }),
    uris: ['spiffe://example.org/web'],
    dnsNames: ['web.example.org'],
    notBefore: new Date(1_700_000_000_000),
    notAfter: new Date(1_700_000_600_000),
    authorityKeyId: Uint8Array.of(1, 2, 3),
    ...changes,
  };
}

function certificatesOf(results: readonly PromiseSettledResult<Uint8Array>[]): Certificate[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return Certificate.parse(result.value);
  });
}

/** All that a certificate says but its serial number. */
function contentsOf({ subject, issuer, notBeforeMs, notAfterMs, publicKeyDer, extensions }: Certificate): object {
  return { subject: subject.der, issuer: issuer.der, notBeforeMs, notAfterMs, publicKeyDer, extensions };
}

describe('CsrQueue', () => {
  test('signs a few CSRs without a thread', async () => {
    await using watched = new Watched();
    const [first] = certificatesOf(await watched.issueAll([task(), task()]));
    expect(first?.isSignedBy(local.publicKey)).toBe(true);
    expect(watched.threads.count).toBe(0);
  });

  test.each<KeyType>(['ec-p256', 'ec-p384', 'rsa-2048'])(
    'signs many CSRs on threads, with a key of %s',
    async (type) => {
      await using watched = new Watched();
      const signer = signerFromKey(await generateKey(type));
      const tasks = Array.from({ length: MANY }, (_, index) => task({ uris: [`spiffe://example.org/${index}`] }));
      const certificates = certificatesOf(await watched.issueAll(tasks, signer));
      expect(watched.threads.count).toBe(2);
      expect(certificates.map(({ uris }) => uris[0])).toEqual(tasks.map(({ uris }) => uris[0]));
      for (const { der } of certificates) expect(new NodeCertificate(der).verify(signer.publicKey)).toBe(true);
    },
  );

  test('writes the same on a thread as without one', async () => {
    await using watched = new Watched();
    const [without] = certificatesOf(await watched.issueAll([task()]));
    const [onThread] = certificatesOf(await watched.issueAll(Array.from({ length: MANY }, () => task())));
    if (without === undefined || onThread === undefined) throw new Error('no certificate');
    expect(contentsOf(onThread)).toEqual(contentsOf(without));
  });

  test('fails a bad CSR alone, in the same words on a thread as without one', async () => {
    await using watched = new Watched();
    const bad = task({ csr: csr.with(-1, (csr.at(-1) ?? 0) ^ 1) });
    const [alone] = await watched.issueAll([bad]);
    const tasks = Array.from({ length: MANY }, (_, index) => (index === 30 ? bad : task()));
    const results = await watched.issueAll(tasks);
    const failed = results.filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(failed[0]).toBe(results[30]);
    for (const result of [alone, failed[0]]) {
      expect(result).toMatchObject({ reason: { code: 'invalid-csr' } });
    }
    expect(messageOf(failed[0])).toBe(messageOf(alone));
  });

  test('F34: signs for a herd with a key that is elsewhere a bounded number at a time, and lets other events in between', async () => {
    await using watched = new Watched();
    let underWay = 0;
    let most = 0;
    let turns = 0;
    let isDone = false;
    const remote: Signer = {
      publicKey: local.publicKey,
      sign: async (data) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return await local.sign(data);
      },
    };
    setImmediate(function count() {
      turns += 1;
      if (!isDone) setImmediate(count);
    });
    const certificates = certificatesOf(
      await watched.issueAll(
        Array.from({ length: 1000 }, () => task()),
        remote,
      ),
    );
    isDone = true;
    expect(certificates).toHaveLength(1000);
    expect(watched.threads.count).toBe(0);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(72);
    expect(turns).toBeGreaterThan(1000 / 72);
  });

  test('signs without threads when they fail', async () => {
    await using watched = new Watched();
    const signing = watched.issueAll(Array.from({ length: MANY }, () => task()));
    await watched.threads[Symbol.asyncDispose]();
    expect(certificatesOf(await signing)).toHaveLength(MANY);
    expect(certificatesOf(await watched.issueAll(Array.from({ length: MANY }, () => task())))).toHaveLength(MANY);
    expect(watched.threads.count).toBe(0);
  });
});

describe('SigningThreads', () => {
  let threads: SigningThreads;
  const clock = new ManualClock();
  beforeAll(() => {
    threads = new SigningThreads(clock, 1);
  });
  afterAll(() => threads[Symbol.asyncDispose]());

  test('end when they had nothing to do for a while, and start again', async () => {
    const job = { privateKey: local.privateKey, tasks: [task()] };
    await threads.run(job);
    expect(threads.count).toBe(1);
    await clock.advance(29_000);
    expect(threads.count).toBe(1);
    await threads.run(job);
    await clock.advance(29_000);
    expect(threads.count).toBe(1);
    await clock.advance(1_000);
    expect(threads.count).toBe(0);
    const [outcome] = await threads.run(job);
    expect(outcome?.kind).toBe('issued');
  });

  test('take no more work when they are given up', async () => {
    await threads[Symbol.asyncDispose]();
    const job = { privateKey: local.privateKey, tasks: [task()] };
    await expect(threads.run(job)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

function messageOf(result: PromiseSettledResult<unknown> | undefined): string {
  return result?.status === 'rejected' && result.reason instanceof Error ? result.reason.message : '';
}
