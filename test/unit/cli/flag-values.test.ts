import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedEntry, createEntryFlags, newEntry, updateEntryFlags } from '../../../src/lib/cli/entry-flags.ts';
import { GoFlagSet } from '../../../src/lib/cli/go-flags.ts';
import { toInt32 } from '../../../src/lib/cli/int32.ts';
import { abbreviationOf } from '../../../src/lib/cli/local-zone.ts';
import {
  agentAdminTarget,
  agentTarget,
  DEFAULT_AGENT_SOCKET,
  DEFAULT_SERVER_SOCKET,
  serverTarget,
} from '../../../src/lib/cli/sockets.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { formatSelector } from '../../../src/lib/spiffe/selector.ts';
import { selectors, spiffeIds } from '../wire/convert/arbitraries.ts';

const text = fc.string({ minLength: 1 });
const ttl = fc.nat(2 ** 31 - 1);

describe('the flags of an entry', () => {
  it('describe the entry that they were written for', () => {
    fc.assert(
      fc.property(
        spiffeIds,
        spiffeIds,
        fc.array(selectors, { minLength: 1, maxLength: 3 }),
        ttl,
        text,
        (id, parent, list, seconds, hint) => {
          const argv = [
            ...['-entryID', 'e', '-spiffeID', String(id), '-parentID', String(parent), '-x509SVIDTTL', String(seconds)],
            ...list.flatMap((selector) => ['-selector', formatSelector(selector)]),
            ...['-hint', hint],
          ];
          const expected = {
            id: 'e',
            spiffeId: { trustDomain: id.trustDomain.name, path: id.path },
            parentId: { trustDomain: parent.trustDomain.name, path: parent.path },
            selectors: list,
            x509SvidTtl: seconds,
            hint,
          };
          expect(newEntry(new GoFlagSet('create', createEntryFlags, 'spire-server').parse(argv).values)).toMatchObject(
            expected,
          );
          expect(
            changedEntry(new GoFlagSet('update', updateEntryFlags, 'spire-server').parse(argv).values),
          ).toMatchObject(expected);
        },
      ),
    );
  });

  it('are refused with a code where they describe none', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '-spiffeID',
        '-parentID',
        '-selector',
        '-x509SVIDTTL',
        '-node',
        'spiffe://a/b',
        'a:b',
        '-1',
        '4294967296',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        try {
          const entry = newEntry(new GoFlagSet('create', createEntryFlags, 'spire-server').parse(argv).values);
          expect(entry.selectors.length).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof SpirekitError)) throw error;
          expect(['usage', 'invalid-argument', 'invalid-spiffe-id', 'invalid-selector']).toContain(error.code);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('whole numbers', () => {
  it('fit 32 bits or are refused', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const isSmall = value >= -(2 ** 31) && value < 2 ** 31;
        if (isSmall) expect(toInt32(value)).toBe(value);
        else expect(() => toInt32(value)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
      }),
    );
  });
});

describe('sockets', () => {
  const path = fc.stringMatching(/^\/[a-zA-Z0-9$&%'` ._-]{1,20}$/).filter((each) => !/^\/\.*$/.test(each));
  const instance = fc.string({ unit: fc.constantFrom('a', '1', '$', '&', '`', "'", '-'), minLength: 1, maxLength: 6 });

  it('are the flag, else the template with the instance in it as it is written, else the variable', () => {
    fc.assert(
      fc.property(path, path, instance, (flag, variable, name) => {
        const env = { SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE: '/run/%i/%i', SPIRE_SERVER_PRIVATE_SOCKET: variable };
        const agentEnv = { SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE: '/run/%i/%i', SPIRE_AGENT_PUBLIC_SOCKET: variable };
        const context = { env: agentEnv, program: 'spire-agent', given: new Set<string>() } as const;
        const pathsOf = (server: string, agent: string, chosen: string) => [
          serverTarget({ socketPath: server, instance: chosen }, env),
          agentTarget({ socketPath: agent, instance: chosen }, context),
        ];
        const expected = (wanted: string) => [
          expect.objectContaining({ path: wanted }),
          expect.objectContaining({ path: wanted }),
        ];
        expect(pathsOf(flag, flag, name)).toEqual(expected(flag));
        expect(pathsOf(DEFAULT_SERVER_SOCKET, DEFAULT_AGENT_SOCKET, name)).toEqual(expected(`/run/${name}/${name}`));
        expect(pathsOf(DEFAULT_SERVER_SOCKET, DEFAULT_AGENT_SOCKET, '')).toEqual(expected(variable));
        expect(agentAdminTarget(flag)).toMatchObject({ path: flag, errorAddress: `//${flag}` });
      }),
    );
  });

  it('of the umbrella may be an address of the libraries, or are refused as arguments', () => {
    const address = fc.oneof(
      fc.ipV4().map((ip) => `tcp://${ip}:80`),
      path.map((each) => `unix://${each}`),
      text.map((each) => `tcp:${each}`),
    );
    fc.assert(
      fc.property(address, (socketPath) => {
        const context = { env: {}, program: 'spirekit', given: new Set(['socketPath']) } as const;
        try {
          const target = agentTarget({ socketPath, instance: '' }, context);
          if (target.kind === 'tcp') expect(isIP(target.host)).not.toBe(0);
          else expect(target.path).toMatch(/^\//);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-argument' });
        }
      }),
    );
  });
});

describe('the name of an offset', () => {
  it('is the offset itself in a zone file of any bytes that name none', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: -50_400 / 900, max: 50_400 / 900 }), (bytes, quarters) => {
        const offsetSeconds = quarters * 900;
        const hours = String(Math.trunc(Math.abs(quarters) / 4)).padStart(2, '0');
        const minutes = String((Math.abs(quarters) % 4) * 15).padStart(2, '0');
        const expected = `${offsetSeconds < 0 ? '-' : '+'}${hours}${minutes === '00' ? '' : minutes}`;
        expect(abbreviationOf(bytes, offsetSeconds)).toBe(expected);
      }),
    );
  });
});
