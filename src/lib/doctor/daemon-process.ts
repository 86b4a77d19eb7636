import { readFile, readlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { PeerCredentialReader } from '../rpc/peer-credentials.ts';
import { type DaemonArguments, parseDaemonArguments } from './daemon-arguments.ts';
import type { Surroundings } from './surroundings.ts';
import { within } from './within.ts';

/** The process that listens on a socket. What belongs to another user may be hidden. */
export interface DaemonProcess {
  /** As the kernel noted when it began to listen. */
  readonly pid: number;
  readonly uid: number;
  /** Its program, such as `/opt/spire/bin/spire-agent`. */
  readonly executable: string | undefined;
  readonly workingFolder: string | undefined;
  readonly arguments: DaemonArguments;
}

/** Asks the kernel who listens there; undefined when nobody does, or it cannot be told. */
export async function findListener(path: string, surroundings: Surroundings): Promise<DaemonProcess | undefined> {
  const reader = await PeerCredentialReader.open().catch(() => undefined);
  if (reader === undefined) return undefined;
  return withConnection(path, surroundings, async (socket) => {
    const { pid, uid } = reader.read(socket);
    if (pid <= 0) return undefined;
    const folder = `/proc/${pid}`;
    const [executable, workingFolder, cmdline] = await Promise.all([
      readlink(`${folder}/exe`).catch(() => undefined),
      readlink(`${folder}/cwd`).catch(() => undefined),
      readFile(`${folder}/cmdline`, 'utf8').catch(() => ''),
    ]);
    return { pid, uid, executable, workingFolder, arguments: parseDaemonArguments(cmdline) };
  }).catch(() => undefined);
}

/** Does something with a connection to a unix socket and closes it. Rejects with the error of the connect. */
export async function withConnection<T>(
  path: string,
  surroundings: Surroundings,
  use: (socket: Socket) => Promise<T>,
): Promise<T> {
  const socket = connect(path);
  try {
    await within(
      surroundings,
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      }),
    );
    return await use(socket);
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}
