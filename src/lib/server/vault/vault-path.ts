/** A path of Vault's within a URL: slashes stay, since mount points may have some. */
export function encodePath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(encodeURIComponent)
    .join('/');
}
