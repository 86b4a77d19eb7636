import { isIP } from 'node:net';
import { splitUrl } from '../section/url.ts';

/**
 * Why an address of a Workload API is none (`unix:///path` or `tcp://ip:port`, SPIFFE Workload Endpoint section 4); the
 * words are go-spiffe's. Undefined if it is one.
 */
export function findAddressFault(address: string): string | undefined {
  const url = splitUrl(address);
  switch (url?.scheme) {
    case 'tcp':
      return findTcpFault(url);
    case 'unix':
      return findUnixFault(url);
    default:
      return 'workload endpoint socket URI must have a "tcp" or "unix" scheme';
  }
}

type Url = NonNullable<ReturnType<typeof splitUrl>>;

function findTcpFault(url: Url): string | undefined {
  const about = 'workload endpoint tcp socket URI';
  if (url.isOpaque) return `${about} must not be opaque`;
  if (url.userInfo !== undefined) return `${about} must not include user info`;
  if (url.host === '') return `${about} must include a host`;
  if (url.path !== '') return `${about} must not include a path`;
  if (url.query !== '') return `${about} must not include query values`;
  if (url.fragment !== '') return `${about} must not include a fragment`;
  const [, host = '', port = ''] = /^\[?(.*?)\]?(?::([0-9]*))?$/.exec(url.host) ?? [];
  if (isIP(host) === 0) return `${about} host component must be an IP:port`;
  return port === '' ? `${about} host component must include a port` : undefined;
}

function findUnixFault(url: Url): string | undefined {
  const about = 'workload endpoint unix socket URI';
  if (url.isOpaque) return `${about} must not be opaque`;
  if (url.userInfo !== undefined) return `${about} must not include user info`;
  if (url.host === '' && url.path === '') return `${about} must include a path`;
  if (url.query !== '') return `${about} must not include query values`;
  return url.fragment === '' ? undefined : `${about} must not include a fragment`;
}
