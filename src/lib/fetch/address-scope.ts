import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * Where an IP address leads (RFC 6890 and the registries it founded): to the `public` network; to a `private` one or this
 * machine, where a service may be that trusts its neighbours; or to what no service with a document is behind, `special`:
 * link-local addresses, among them the metadata services of clouds, multicast, addresses that mean nothing.
 */
export type AddressScope = 'public' | 'private' | 'special';

const PRIVATE = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::1/128',
  'fc00::/7',
  'fec0::/10',
]);

const SPECIAL = blockList([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  'fe80::/10',
  'ff00::/8',
  // Metadata services with addresses that would only be private.
  '100.100.100.200/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
]);

/** Prefixes whose addresses stand for an IPv4 address, and at which group of 16 bits that begins. */
const EMBEDDING: readonly (readonly [blocks: BlockList, firstGroup: number])[] = [
  // Mapped, translated and compatible addresses; NAT64 (RFC 6052, RFC 8215); 6to4 (RFC 3056).
  [blockList(['::ffff:0:0/96', '::ffff:0:0:0/96', '::/96', '64:ff9b::/96', '64:ff9b:1::/48']), 6],
  [blockList(['2002::/16']), 1],
];

/** The scope of an IP address as text, without brackets. What is no address is `special`. */
export function addressScope(address: string): AddressScope {
  const family = isIP(address);
  if (family === 0) return 'special';
  if (family === 4) return scopeOf(address, 'ipv4');
  const plain = address.replace(/%.*$/s, '');
  if (address !== plain) return 'special';
  const own = scopeOf(plain, 'ipv6');
  if (own !== 'public') return own;
  const embedded = embeddedIpv4(plain);
  return embedded === undefined ? own : scopeOf(embedded, 'ipv4');
}

function scopeOf(address: string, family: 'ipv4' | 'ipv6'): AddressScope {
  if (SPECIAL.check(address, family)) return 'special';
  return PRIVATE.check(address, family) ? 'private' : 'public';
}

function embeddedIpv4(address: string): string | undefined {
  const found = EMBEDDING.find(([blocks]) => blocks.check(address, 'ipv6'));
  if (found === undefined) return undefined;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(found[1], found[1] + 2);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address, however it is written. */
function groupsOf(address: string): number[] {
  const hexOnly = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = hexOnly.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => Number.parseInt(group, 16));
}

function blockList(networks: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    blocks.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return blocks;
}
