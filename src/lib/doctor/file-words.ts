import type { Stats } from 'node:fs';

/** What `ls -l` would say of it, in words: `socket, mode 0777, uid 0, gid 0`. */
export function fileWords(status: Stats): string {
  return `${kindOf(status)}, mode ${modeWords(status.mode)}, uid ${status.uid}, gid ${status.gid}`;
}

/** The permission bits as people write them: `0755`. */
export function modeWords(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function kindOf(status: Stats): string {
  if (status.isSocket()) return 'socket';
  if (status.isDirectory()) return 'folder';
  if (status.isSymbolicLink()) return 'symbolic link';
  return status.isFile() ? 'file' : 'special file';
}
