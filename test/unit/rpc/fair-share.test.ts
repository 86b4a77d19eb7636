import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectionLimit } from '../../../src/lib/rpc/connection-limit.ts';
import { FairShare } from '../../../src/lib/rpc/fair-share.ts';
import { accountOf, accountOfAddress } from '../../../src/lib/rpc/peer-account.ts';
import { findOpenFileLimit, parseOpenFileLimit } from '../../../src/lib/runtime/open-file-limit.ts';

/** Takes one after the other until there is no more. */
function takeAll(share: FairShare, users: readonly string[]): number[] {
  const got = users.map(() => 0);
  for (let isMore = true; isMore; ) {
    isMore = false;
    for (const [index, user] of users.entries()) {
      if (!share.tryTake(user)) continue;
      got[index] = (got[index] ?? 0) + 1;
      isMore = true;
    }
  }
  return got;
}

describe('a fair share', () => {
  it('leaves half to others, whatever one takes, and a third of it whatever two take', () => {
    expect(takeAll(new FairShare(100), ['a'])).toEqual([50]);
    const [a = 0, b = 0] = takeAll(new FairShare(99), ['a', 'b']);
    expect([a, b]).toEqual([33, 33]);
  });

  it('gives something to whoever has nothing, as long as there is anything left', () => {
    const share = new FairShare(64);
    for (let user = 0; user < 60; user += 1) {
      takeAll(share, [`hog ${user}`]);
      if (share.total < 64) expect(share.tryTake(`newcomer ${user}`)).toBe(true);
    }
  });

  it('never gives out more than it has, and all of it is there again when it is given back', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 9 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (taken) => {
        const share = new FairShare(40);
        const held = taken.filter(([user, amount]) => {
          const isGiven = share.tryTake(user, amount);
          expect(share.total).toBeLessThanOrEqual(40);
          return isGiven;
        });
        for (const [user, amount] of held) share.giveBack(user, amount);
        expect([share.total, share.heldBy('a')]).toEqual([0, 0]);
        expect(share.tryTake('a', 20)).toBe(true);
      }),
    );
  });
});

describe('the account of a peer', () => {
  it('is the user of a process, the certificate of a client, and else its host', () => {
    const tls = (...certificates: Uint8Array[]) =>
      ({ kind: 'tls', certificates, address: '192.0.2.1', port: 1 }) as const;
    const unix = (pid: number, uid: number) => ({ kind: 'unix', pid, uid, gid: 1, isAlive: () => true }) as const;
    expect(accountOf(unix(1, 7))).toBe(accountOf(unix(2, 7)));
    expect(accountOf(unix(1, 7))).not.toBe(accountOf(unix(1, 8)));
    expect(accountOf(tls())).toBe('host 192.0.2.1');
    expect(accountOf(tls(Uint8Array.of(1)))).not.toBe(accountOf(tls(Uint8Array.of(2))));
  });

  it.each([
    ['192.0.2.1', 'host 192.0.2.1'],
    ['::ffff:192.0.2.1', 'host 192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', 'host 2001:db8:1:2'],
    ['2001:db8:1:2::', 'host 2001:db8:1:2'],
    ['2001:DB8:0001::9', 'host 2001:db8:1:0'],
    ['::1', 'host 0:0:0:0'],
    ['fe80::1%eth0', 'host fe80:0:0:0'],
    ['', 'host '],
  ])('of %s is %s', (address, account) => {
    expect(accountOfAddress(address)).toBe(account);
  });
});

describe('the limit of connections', () => {
  it('is what was set by hand, else what open files allow', () => {
    expect(connectionLimit('unix', 3)).toBe(3);
    const files = findOpenFileLimit() ?? Number.POSITIVE_INFINITY;
    expect(connectionLimit('unix', undefined)).toBeLessThanOrEqual(files / 4);
  });

  it('reads the text of the kernel', () => {
    const text =
      'Limit                     Soft Limit           Hard Limit           Units\nMax open files            ';
    expect(parseOpenFileLimit(`${text}1024                 524288               files\n`)).toBe(1024);
    expect(parseOpenFileLimit(`${text}unlimited            unlimited            files\n`)).toBeUndefined();
    expect(parseOpenFileLimit('')).toBeUndefined();
  });
});
