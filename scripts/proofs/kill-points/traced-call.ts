/** Everything by which a program changes files or answers somebody; `?` passes over what an architecture lacks. */
export const TRACED_CALLS: readonly string[] = [
  ...['?open', 'openat', '?openat2', '?creat', 'write', 'writev', 'pwrite64', 'pwritev', '?pwritev2', '?sendfile'],
  ...['fsync', 'fdatasync', '?sync_file_range', 'truncate', 'ftruncate', 'fallocate', '?copy_file_range'],
  ...['?rename', '?renameat', 'renameat2', '?link', 'linkat', '?symlink', 'symlinkat', '?unlink', 'unlinkat'],
  ...['?mkdir', 'mkdirat', '?rmdir', '?chmod', 'fchmod', 'fchmodat', '?chown', 'fchown', 'fchownat'],
  ...['sendmsg', 'sendto', '?sendmmsg'],
];

/** A system call of one thread as strace shows it. */
export interface TracedCall {
  /** `openat` */
  readonly name: string;
  /** Its arguments, with the paths of file descriptors. */
  readonly args: string;
  /** False for the call at whose entry the process was killed. */
  readonly isDone: boolean;
}

/** The calls of one thread in their order. Lines may begin with a thread id and name; then only those of the name count. */
export function parseTrace(text: string, threadName: string): TracedCall[] {
  const calls: TracedCall[] = [];
  for (const line of text.split('\n')) {
    const [, name, body = ''] = /^(?:\d+<([^>]*)>\s+)?(.*)$/.exec(line) ?? [];
    if (name !== undefined && name !== threadName) continue;
    const resumed = /^<\.\.\. (\w+) resumed>.*= (\S+)/.exec(body);
    if (resumed !== null) {
      const begun = calls.pop();
      if (begun !== undefined) calls.push({ ...begun, isDone: resumed[2] !== '?' });
      continue;
    }
    const [, call, rest = ''] = /^(\w+)\((.*)$/.exec(body) ?? [];
    if (call === undefined) continue;
    const [, args = rest, result = '?'] = /^(.*)\)\s+= (\S+)/.exec(rest) ?? [];
    calls.push({ name: call, args, isDone: result !== '?' });
  }
  return calls;
}

/** Whether a call changes something below the folder, or makes a change durable. */
export function changesFilesOf(folder: string, { name, args }: TracedCall): boolean {
  if (![`${folder}/`, `${folder}"`, `${folder}>`].some((path) => args.includes(path))) return false;
  return !name.startsWith('open') || /\bO_(?:WRONLY|RDWR|CREAT|TRUNC)\b/.test(args);
}

/** Whether a call sends something over a socket: what was done is acknowledged by such a call. */
export function sendsToSocket({ name, args }: TracedCall): boolean {
  return (
    /^(?:write|writev|sendmsg|sendto|sendmmsg)$/.test(name) && /^\d+<(?:TCP|TCPv6|UNIX(?:-STREAM)?|socket):/.test(args)
  );
}
