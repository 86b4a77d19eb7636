import type { CommandContext } from './command-context.ts';
import { AdvisedError } from './failure.ts';
import { flag } from './go-flags.ts';

/** The flags of commands that write identities to files in a layout. All of them want `-layout`. */
export const identityFileFlags = {
  layout: flag.string({
    usage:
      'How to lay files out: spire, helper, k8s-tls, combined, p12 or spiffe-fd; they then change all at one moment',
    isExtension: true,
  }),
  fileNames: flag.string({
    usage: 'What to call files: cert=tls.pem,key=tls.key; {n}, {m} and {td} stand for numbers and the trust domain',
    isExtension: true,
  }),
  mode: flag.string({ usage: 'Mode of files without a secret, by default 0644', isExtension: true }),
  keyMode: flag.string({ usage: 'Mode of files with a private key or a token, by default 0600', isExtension: true }),
  owner: flag.string({ usage: 'User to give the files to, by name or number', isExtension: true }),
  group: flag.string({ usage: 'Group to give the files to, by name or number', isExtension: true }),
  spiffeID: flag.string({ usage: 'The identity that is wanted, if there are several', isExtension: true }),
  hint: flag.string({ usage: 'The hint of the identity that is wanted', isExtension: true }),
  index: flag.int({
    usage: "The number of the identity that is wanted, from 0 in the server's order",
    isExtension: true,
  }),
  federatedBundles: flag.string({
    usage:
      'Bundles of other trust domains: separate files, merge with the own bundle, or omit; each layout has its default',
    isExtension: true,
  }),
  addIntermediatesToBundle: flag.bool({
    usage: 'Put intermediate certificates into the bundle and the leaf alone where the chain would be',
    isExtension: true,
  }),
  omitExpired: flag.bool({ usage: 'Leave authorities out of bundles whose time is over', isExtension: true }),
  jwtAudience: flag.strings({
    usage: 'Also write a JWT-SVID for this audience, or for several with commas between them; may be repeated',
    isExtension: true,
  }),
  keystorePasswordFile: flag.string({ usage: 'File with the password of PKCS#12 files', isExtension: true }),
  keystorePasswordEnv: flag.string({
    usage: 'Variable of the environment with the password of PKCS#12 files',
    isExtension: true,
  }),
  keystoreCompat: flag.string({
    usage: 'Whom PKCS#12 files are for: modern, or jdk8 for Java 8 before its update 301',
    isExtension: true,
  }),
} as const;

/**
 * Whether the command line asks for a layout. Without one nothing here has a meaning, and a flag that was given for
 * nothing is refused.
 *
 * @throws AdvisedError `usage`
 */
export function asksForLayout(
  { flags, given }: CommandContext<typeof identityFileFlags>,
  options: { readonly hasFolder: boolean },
): boolean {
  if (flags.layout === '') {
    const idle = Object.keys(identityFileFlags).find((name) => given.has(name));
    if (idle === undefined) return false;
    throw new AdvisedError(
      'usage',
      `-${idle} has a meaning only with -layout`,
      'Say how to lay files out: --layout spire keeps the names of SPIRE.',
    );
  }
  if (options.hasFolder) return true;
  throw new AdvisedError('usage', '-layout needs a folder', 'Say where to write: --write DIR.');
}
