import type { RpcClient } from '../../rpc/client.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { flag, initialValues } from '../flag-spec.ts';
import { connectToServer } from '../server-connection.ts';
import { type ServerContext, serverFlags } from '../server-flags.ts';

/** The flags that name the other server of `server import`. */
export const fromFlags = {
  fromFile: flag.string({ usage: "Import what `server export` wrote to this file; '-' reads stdin" }),
  fromSocketPath: flag.string({ usage: 'Import from the server with this API socket' }),
  fromServerAddr: flag.string({ usage: 'Import from the server at this host:port' }),
  fromCallerSVID: flag.string({ usage: 'As -callerSVID, for -fromServerAddr' }),
  fromCallerKey: flag.string({ usage: 'As -callerKey, for -fromServerAddr' }),
  fromCallerBundle: flag.string({ usage: 'As -callerBundle, for -fromServerAddr' }),
} as const;

/** The flags that name the other server of `server export`. */
export const toFlags = {
  toFile: flag.string({ usage: "Write JSON to this file; '-', the default, is stdout" }),
  toSocketPath: flag.string({ usage: 'Export to the server with this API socket' }),
  toServerAddr: flag.string({ usage: 'Export to the server at this host:port' }),
  toCallerSVID: flag.string({ usage: 'As -callerSVID, for -toServerAddr' }),
  toCallerKey: flag.string({ usage: 'As -callerKey, for -toServerAddr' }),
  toCallerBundle: flag.string({ usage: 'As -callerBundle, for -toServerAddr' }),
} as const;

/** Where the other side is. */
export type OtherSide =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'server'; readonly connect: () => Promise<RpcClient> };

type SideName = 'File' | 'SocketPath' | 'ServerAddr' | 'CallerSVID' | 'CallerKey' | 'CallerBundle';
type Prefixed<P extends 'from' | 'to'> = { readonly [K in `${P}${SideName}`]: string };

/**
 * The other side that the flags name; undefined if none do.
 *
 * @throws SpirekitError `usage` if they name several
 */
export function findOtherSide<P extends 'from' | 'to'>(
  prefix: P,
  flags: Prefixed<P>,
  context: ServerContext,
): OtherSide | undefined {
  const value = (name: SideName): string => flags[`${prefix}${name}`];
  const named = (['File', 'SocketPath', 'ServerAddr'] as const).filter((name) => value(name) !== '');
  const [first, second] = named;
  if (second !== undefined) {
    throw new SpirekitError('usage', `-${prefix}${first} and -${prefix}${second} name two places: give one of them`);
  }
  if (first === undefined) return undefined;
  if (first === 'File') return { kind: 'file', path: value('File') };
  const others: [name: keyof typeof serverFlags, text: string][] = [
    [first === 'SocketPath' ? 'socketPath' : 'serverAddr', value(first)],
    ['callerSVID', value('CallerSVID')],
    ['callerKey', value('CallerKey')],
    ['callerBundle', value('CallerBundle')],
  ];
  const given = others.filter(([, text]) => text !== '');
  return {
    kind: 'server',
    connect: () =>
      connectToServer({
        ...context,
        flags: { ...initialValues(serverFlags), ...Object.fromEntries(given) },
        given: new Set(given.map(([name]) => name)),
      }),
  };
}
