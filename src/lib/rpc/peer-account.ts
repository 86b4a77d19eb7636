import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Peer } from './call-context.ts';

/** A process of this machine, a client that has proved who it is, and one that has not. */
export type PeerClass = 'unix' | 'tls' | 'strangers';

/** What is bounded apart: strangers take nothing from others. */
export function classOf(peer: Peer): PeerClass {
  if (peer.kind === 'unix') return 'unix';
  return peer.certificates.length > 0 ? 'tls' : 'strangers';
}

/** On whose account a peer's connections, calls and bytes go. */
export function accountOf(peer: Peer): string {
  if (peer.kind === 'unix') return `uid ${peer.uid}`;
  const [leaf] = peer.certificates;
  // Many agents may share one address; each that has proved who it is stands for itself.
  return leaf === undefined
    ? accountOfAddress(peer.address)
    : `certificate ${createHash('sha256').update(leaf).digest('base64')}`;
}

/** A host: an IPv4 address, or the /64 network of an IPv6 address, all of which a host has to itself. */
export function accountOfAddress(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIPv6(plain) ? `host ${network64(plain)}` : `host ${plain}`;
}

function network64(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}
