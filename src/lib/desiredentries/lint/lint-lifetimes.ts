import type { Finding } from '../../findings/finding.ts';
import type { EntryView, LintFacts } from './linted-entry.ts';

/** Lifetimes that the server cannot give, or gives with trouble, and entries whose time is over. */
export function* lintLifetimes(
  { entry, subject }: EntryView,
  { caLifeSeconds, nowSeconds }: LintFacts,
): Generator<Finding> {
  if (entry.expiresAt > 0n && entry.expiresAt <= BigInt(Math.floor(nowSeconds))) {
    yield {
      code: 'SPK-5015',
      severity: 'warning',
      subject,
      message: 'its time is over: the server removes it, or has done so',
      evidence: [`entryExpiry: ${entry.expiresAt}`],
      remedy: 'Give it another expiry, or take it out.',
    };
  }
  if (caLifeSeconds === undefined) return;
  for (const [name, ttl] of [
    ['X509-SVIDs', entry.x509SvidTtl],
    ['JWT-SVIDs', entry.jwtSvidTtl],
  ] as const) {
    if (ttl * 2 <= caLifeSeconds) continue;
    const isLonger = ttl > caLifeSeconds;
    yield {
      code: 'SPK-5004',
      severity: isLonger ? 'warning' : 'info',
      subject,
      message: isLonger
        ? `${name} are to live for ${ttl} s, longer than the server's CA: they end with it`
        : `${name} are to live for ${ttl} s, more than half of the life of the server's CA: towards its end they live shorter`,
      evidence: [`life of the CA: ${caLifeSeconds} s`],
      remedy: 'Give it a shorter one, or the server a longer `ca_ttl`.',
    };
  }
}
