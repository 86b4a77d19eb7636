/** The three bins: two drop-ins that print what SPIRE prints, and the umbrella with every command. */
export type Program = 'spire-agent' | 'spire-server' | 'spirekit';

/** The SPIRE release whose words, flags, output and exit codes the drop-ins mirror. */
export const MIRRORED_SPIRE_VERSION = '1.15.3';

/** What the umbrella calls a flag: `spiffeID` is `spiffe-id`, `x509SVIDTTL` is `x509-svid-ttl`. */
export function kebabFlagName(goName: string): string {
  return goName
    .replace(/(X509|JWT|SVID|TTL|IDs?|URL|JTI|API|SDS)(?=[A-Z]|$)/g, (word) => `-${word.toLowerCase()}-`)
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '');
}
