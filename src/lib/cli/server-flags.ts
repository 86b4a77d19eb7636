import type { CommandContext } from './command-context.ts';
import { flag } from './go-flags.ts';
import { serverSocketFlags } from './sockets.ts';

/**
 * The flags by which a command reaches a server that is elsewhere: an extension, since SPIRE's commands know only the
 * private socket. Without `-serverAddr` none of the others may be given.
 */
export const remoteServerFlags = {
  serverAddr: flag.string({
    usage: 'Call the server over the network at this host:port instead of at its socket',
    isExtension: true,
  }),
  serverTrustDomain: flag.string({
    usage: "Trust domain of the server at -serverAddr, if it is not the caller's own",
    isExtension: true,
  }),
  workloadSocket: flag.string({
    usage: 'Workload API to take the SVID for -serverAddr from, if not the one SPIFFE_ENDPOINT_SOCKET names',
    isExtension: true,
  }),
  callerID: flag.string({
    usage: 'Which SVID of the Workload API to use for -serverAddr, if not the first',
    isExtension: true,
  }),
  callerSVID: flag.string({
    usage: 'PEM file with the SVID for -serverAddr, or a folder that `x509 mint -write` filled',
    isExtension: true,
  }),
  callerKey: flag.string({ usage: 'PEM file with the key of -callerSVID, if it is not in there', isExtension: true }),
  callerBundle: flag.string({
    usage: "File with the bundle of the server's trust domain for -callerSVID, PEM or a SPIFFE bundle",
    isExtension: true,
  }),
} as const;

/** The flags by which every command of the server says which server it means. */
export const serverFlags = { ...serverSocketFlags, ...remoteServerFlags } as const;

/** What a command that calls a server is run with. */
export type ServerContext = Pick<
  CommandContext<typeof serverFlags>,
  'flags' | 'given' | 'env' | 'program' | 'clock' | 'signal'
>;
