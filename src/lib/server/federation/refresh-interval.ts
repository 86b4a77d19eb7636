import { Certificate } from '../../crypto/certificate.ts';
import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';

const SECOND_MS = 1000;

/** A smaller hint counts as this. SPIRE's, as all of these but the last. */
const LEAST_HINT_SECONDS = 60;

/** So often a bundle is looked for within the time of its hint: one failure is no harm then. */
const ATTEMPTS_PER_HINT = 4;

/** Without a hint: this part of the shortest life of a root. */
const PARTS_OF_A_LIFE = 10;

/** What is revoked in an emergency should be known everywhere within a day, whatever the hint says. */
const LONGEST_MS = 24 * 3600 * SECOND_MS;

/**
 * How long until a bundle is looked for again, in milliseconds: a quarter of its refresh hint, which is at least a minute;
 * without one a quarter of a tenth of the shortest life among its roots; a minute while there is no bundle.
 */
export function refreshIntervalMs(bundle: AuthorityBundle | undefined): number {
  if (bundle === undefined) return LEAST_HINT_SECONDS * SECOND_MS;
  const hintSeconds = bundle.refreshHintSeconds > 0 ? bundle.refreshHintSeconds : fromLives(bundle);
  return Math.min(LONGEST_MS, (Math.max(LEAST_HINT_SECONDS, hintSeconds) * SECOND_MS) / ATTEMPTS_PER_HINT);
}

function fromLives({ x509Authorities }: AuthorityBundle): number {
  if (x509Authorities.length === 0) return 0;
  const lives = x509Authorities.map(({ certificate }) => {
    const { notBeforeMs, notAfterMs } = Certificate.parse(certificate);
    return (notAfterMs - notBeforeMs) / SECOND_MS;
  });
  return Math.min(...lives) / PARTS_OF_A_LIFE;
}
