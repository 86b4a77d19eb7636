/** The parts of a URL as they are written, nothing decoded or resolved. */
export interface UrlParts {
  /** In lower case; empty if there is none. */
  readonly scheme: string;
  /** Whether there is something other than a slash behind the scheme. */
  readonly isOpaque: boolean;
  readonly userInfo: string | undefined;
  /** With the port; empty if there is none. */
  readonly host: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Without the hash sign. */
  readonly fragment: string;
}

/** Splits a URL (RFC 3986 section 3); undefined for texts that are none. */
export function splitUrl(text: string): UrlParts | undefined {
  if (/[\p{Cc}]/u.test(text) || text.startsWith(':')) return undefined;
  const found =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  if (found === null) return undefined;
  const [, scheme = '', userInfo, host = '', path = '', query = '', fragment = ''] = found;
  if (
    /%(?![0-9a-fA-F]{2})/.test(path + host) ||
    / /.test(host) ||
    !/^[^:]*$|^\[[^\]]*\](:[0-9]*)?$|^[^:]*:[0-9]*$/.test(host)
  ) {
    return undefined;
  }
  const isOpaque = scheme !== '' && path !== '' && !path.startsWith('/') && host === '' && userInfo === undefined;
  return { scheme: scheme.toLowerCase(), isOpaque, userInfo, host, path, query, fragment };
}
