import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressScope } from '../../../src/lib/fetch/address-scope.ts';

describe('addressScope', () => {
  test.each([
    ['93.184.216.34', 'public'],
    ['2606:2800:220:1::1', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['127.0.0.1', 'private'],
    ['127.255.0.9', 'private'],
    ['::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['0.0.0.0', 'special'],
    ['::', 'special'],
    ['169.254.169.254', 'special'],
    ['169.254.170.2', 'special'],
    ['100.100.100.200', 'special'],
    ['fd00:ec2::254', 'special'],
    ['fe80::1', 'special'],
    ['fe80::1%eth0', 'special'],
    ['224.0.0.1', 'special'],
    ['255.255.255.255', 'special'],
    ['ff02::1', 'special'],
    ['localhost', 'special'],
    ['', 'special'],
  ])('%s is %s', (address, scope) => {
    expect(addressScope(address)).toBe(scope);
  });

  test.each([
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::1',
  ])('sees the address of a metadata service in %s', (address) => {
    expect(addressScope(address)).toBe('special');
  });

  test('an IPv6 address that stands for an IPv4 address is where that is, or less', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ipv4) => {
        const scope = addressScope(ipv4);
        for (const prefix of ['::ffff:', '64:ff9b::']) expect(addressScope(prefix + ipv4)).toBe(scope);
      }),
    );
  });

  test('is the same however the address is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const written = new URL(`https://[${address}]/`).hostname.slice(1, -1);
        expect(addressScope(written)).toBe(addressScope(address));
      }),
    );
  });

  test('any other text is special', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => isIP(text) === 0),
        (text) => {
          expect(addressScope(text)).toBe('special');
        },
      ),
    );
  });
});
