import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What strace is told: the calls that change files or answer callers, whole and in hexadecimal, with what fds are. */
export const STRACE_ARGUMENTS = [
  ...['-f', '-D', '-yy', '-xx', '-s', '1000000', '--seccomp-bpf', '-e', 'signal=none', '-e'],
  'trace=openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,' +
    'sendfile,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,mkdirat,fsync,fdatasync,sendto,sendmsg',
] as const;

/** One moment of a traced process: a system call begins, or it has succeeded. */
export interface SystemCallMoment {
  readonly stage: 'begins' | 'succeeded';
  /** The same for both moments of a call. */
  readonly id: number;
  readonly name: string;
  /** Texts and buffers among the arguments, in order. */
  readonly strings: readonly Buffer[];
  /** What the first argument's file descriptor is: a path, or a socket's name such as `UNIX-STREAM:4711`. */
  readonly target: string;
  /** Arguments as strace wrote them. */
  readonly text: string;
  /** Only of a call that succeeded. */
  readonly result: number;
}

/** Reads what strace wrote with {@link STRACE_ARGUMENTS}. A call that failed only begins. */
export async function* readSystemCalls(path: string): AsyncGenerator<SystemCallMoment> {
  const pending = new Map<string, SystemCallMoment>();
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (resumed !== null) {
      const begun = pending.get(thread);
      pending.delete(thread);
      if (begun !== undefined) yield* succeed(begun, resumed[1] ?? '');
      continue;
    }
    const [, name, text = ''] = /^(\w+)\((.*)$/.exec(rest) ?? [];
    if (name === undefined) continue;
    count += 1;
    const begun = begin(count, name, text);
    yield begun;
    if (text.endsWith('<unfinished ...>')) pending.set(thread, begun);
    else yield* succeed(begun, text);
  }
}

function begin(id: number, name: string, text: string): SystemCallMoment {
  // Strings within a socket's name are not arguments.
  const [descriptor = '', target = ''] = /^\d+<((?:->|[^<>"]|"[^"]*")*)>/.exec(text) ?? [];
  const args = text.slice(descriptor.length);
  const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => decode(hex));
  return { stage: 'begins', id, name, strings, target: nameOf(decodeWithin(target)), text, result: 0 };
}

function* succeed(begun: SystemCallMoment, end: string): Generator<SystemCallMoment> {
  const result = /\) += (-?\d+)(?:<[^>]*>)?(?: .*)?$/.exec(end)?.[1];
  if (result === undefined || result.startsWith('-')) return;
  yield { ...begun, stage: 'succeeded', result: Number(result) };
}

/** A path, or of a socket what stays the same, whether its peer is known by then or not: `UNIX-STREAM:4711`. */
function nameOf(target: string): string {
  const [, kind, inode] = /^(UNIX-STREAM|TCP|TCPv6):\[([^\],]+?)(?:->\d+)?[\],]/.exec(target) ?? [];
  return kind === undefined ? target : `${kind}:${inode}`;
}

function decode(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}

function decodeWithin(text: string): string {
  return text.replaceAll(/(?:\\x[0-9a-f]{2})+/g, (hex) => decode(hex).toString());
}
