import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { readPrivateFile } from '../../../src/lib/runtime/private-file.ts';
import { parseAgentCsr } from '../../../src/lib/server/api/agent/v1/issue-agent-svid.ts';
import { fromStore } from '../../../src/lib/server/api/store-failure.ts';
import { parseCallerCsr } from '../../../src/lib/server/api/svid/v1/parse-caller-csr.ts';
import {
  checkEntryUpdate,
  checkNewEntry,
  checkRepetition,
  checkUpdatedEntry,
} from '../../../src/lib/server/datastore/entry-rules.ts';
import { readPaged } from '../../../src/lib/server/datastore/sql/paging.ts';
import { fromSqliteError } from '../../../src/lib/server/datastore/sqlite/sqlite-errors.ts';
import type { RegistrationEntry } from '../../../src/lib/spiffe/registration-entry.ts';
import { formatSelector } from '../../../src/lib/spiffe/selector.ts';
import { entries } from '../wire/convert/arbitraries.ts';

const folder = mkdtempSync(join(tmpdir(), 'spirekit-parsers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const csr = await createCsr({ signer: signerFromKey(key), uris: ['spiffe://example.org/web'], dnsNames: [] });

function codeOf(step: () => unknown): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof SpirekitError) return error.code;
    throw error;
  }
}

describe('a signing request', () => {
  it('gives the key that signed it, and with any other byte it is an invalid argument', () => {
    expect(Buffer.from(parseAgentCsr(csr))).toEqual(Buffer.from(publicKeyDer(key)));
    fc.assert(
      fc.property(fc.nat(csr.length - 1), fc.integer({ min: 1, max: 255 }), fc.uint8Array(), (at, change, bytes) => {
        const changed = Uint8Array.from(csr);
        changed[at] = (changed[at] ?? 0) ^ change;
        for (const given of [changed, bytes]) {
          expect(codeOf(() => parseCallerCsr(given))).toBe('invalid-argument');
          expect(codeOf(() => parseAgentCsr(given))).toBe('invalid-argument');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the rules of entries', () => {
  const hasRepetition = ({ selectors, dnsNames }: RegistrationEntry): boolean =>
    new Set(selectors.map(formatSelector)).size < selectors.length || new Set(dnsNames).size < dnsNames.length;

  it('hold for exactly the entries that may be stored', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const { selectors, storeSvid, x509SvidTtlSeconds, jwtSvidTtlSeconds } = entry;
        const isStorable = !storeSvid || new Set(selectors.map(({ type }) => type)).size <= 1;
        const hasTtls = x509SvidTtlSeconds >= 0 && jwtSvidTtlSeconds >= 0;
        const prefetches = entry.additionalAttributes?.disableX509SvidPrefetch !== true || !storeSvid;
        const isFine =
          selectors.length > 0 && isStorable && hasTtls && prefetches && /^[A-Za-z0-9._-]*$/.test(entry.id);
        expect(codeOf(() => checkNewEntry(entry))).toBe(isFine ? undefined : 'invalid-argument');
        expect(codeOf(() => checkEntryUpdate(entry, undefined))).toBe(
          selectors.length > 0 && hasTtls ? undefined : 'invalid-argument',
        );
        expect(codeOf(() => checkEntryUpdate(entry, new Set()))).toBeUndefined();
        expect(codeOf(() => checkRepetition(entry))).toBe(hasRepetition(entry) ? 'already-exists' : undefined);
        const twice = { ...entry, selectors: [...selectors, ...selectors] };
        expect(codeOf(() => checkRepetition(twice)) !== undefined).toBe(selectors.length > 0 || hasRepetition(entry));
        expect(codeOf(() => checkUpdatedEntry(entry)) === undefined).toBe(isStorable && !hasRepetition(entry));
      }),
      { numRuns: 500 },
    );
  });
});

describe('pages', () => {
  it('hold every row once, in order, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 20 }), async (count, size) => {
        const rows = Array.from({ length: count }, (_, index) => ({ id: 2 * index + 1 }));
        const window = async ({ afterId, limit }: { afterId: number; limit: number }) =>
          rows.filter(({ id }) => id > afterId).slice(0, limit);
        const seen: number[] = [];
        for (let token = ''; ; ) {
          const page = await readPaged({ size, token }, window, ({ id }) => id);
          seen.push(...page.items);
          if (page.nextToken === '') break;
          token = page.nextToken;
        }
        expect(seen).toEqual(rows.map(({ id }) => id));
        expect((await readPaged(undefined, window, ({ id }) => id)).items).toEqual(seen);
      }),
    );
  });

  it('begin only where a page ended: other tokens are invalid arguments, and no size makes a page large', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.integer(), async (token, size) => {
        let limit = 0;
        const window = async (asked: { limit: number }) => {
          limit = asked.limit;
          return [];
        };
        const isToken = token === '' || (/^[0-9]{1,10}$/.test(token) && Number(token) < 2 ** 32);
        const read = readPaged({ size, token }, window, () => 0).catch((error: unknown) => {
          if (!(error instanceof SpirekitError)) throw error;
          return error.code;
        });
        if (isToken && size >= 1) expect(await read).toEqual({ items: [], nextToken: '' });
        else expect(await read).toBe('invalid-argument');
        expect(limit).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});

describe('what a store fails with', () => {
  it('keeps its code where the caller may know it, and is internal elsewhere', async () => {
    const codes = fc.constantFrom('unavailable', 'data-loss', 'canceled', 'deadline-exceeded', 'not-found', 'io-error');
    await fc.assert(
      fc.asyncProperty(codes, fc.string(), fc.boolean(), async (code, message, isTold) => {
        const failed = fromStore(
          'failed to list',
          Promise.reject(new SpirekitError(code, message)),
          isTold ? [code] : [],
        );
        const isKept = isTold || !['not-found', 'io-error'].includes(code);
        await expect(failed).rejects.toMatchObject({ code: isKept ? code : 'internal' });
        expect(await fromStore('failed', Promise.resolve(message))).toBe(message);
      }),
    );
  });
});

describe('errors of SQLite', () => {
  it('become one of three codes by their lowest byte, and other errors stay what they are', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 16), fc.string(), (errcode, message) => {
        const error = Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
        const primary = errcode & 0xff;
        const isAway = [5, 6, 8, 10, 13, 14].includes(primary);
        const code = isAway ? 'unavailable' : [11, 26].includes(primary) ? 'data-loss' : 'internal';
        expect(fromSqliteError(error)).toMatchObject({ code, message: `datastore-sql: ${message}` });
        const ours = new SpirekitError('not-found', message);
        expect(fromSqliteError(ours)).toBe(ours);
      }),
    );
  });
});

describe('a private file', () => {
  it('is read whole and left with a mode for its owner alone; one that is not there is nothing', async () => {
    const path = join(folder, 'private');
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(0o600, 0o640, 0o644, 0o666),
        async (text, mode) => {
          writeFileSync(path, text.toWellFormed());
          chmodSync(path, mode);
          expect(await readPrivateFile(path)).toBe(text.toWellFormed());
          expect(statSync(path).mode & 0o077).toBe(0);
          expect(await readPrivateFile(`${path}.none`)).toBeUndefined();
        },
      ),
      { numRuns: 30 },
    );
  });
});
