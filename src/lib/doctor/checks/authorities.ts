import { Certificate } from '../../crypto/certificate.ts';
import type { Finding } from '../../findings/finding.ts';
import { x509AuthoritiesFromWire } from '../../wire/convert/bundle.ts';
import type { Check } from '../check.ts';
import { momentWords, spanWords } from '../durations.ts';
import type { ServerPatient } from '../patient.ts';

/** SPIRE prunes them 24 hours after their end, and looks every 6 hours. */
const PRUNED_AFTER_MS = 31 * 3600_000;

/** The authorities of the server's own trust domain: expired, about to, or left behind. */
export const authorities: Check<ServerPatient> = {
  name: 'authorities',
  async look({ contents, surroundings }) {
    const nowMs = surroundings.clock.nowMs();
    const bundle = await contents.bundle();
    const state = await contents.x509Authorities().catch(() => undefined);
    const certificates = x509AuthoritiesFromWire(bundle.x509Authorities).map(({ certificate }) =>
      Certificate.parse(certificate),
    );
    const subject = `spiffe://${bundle.trustDomain}`;
    return [
      ...leftOvers(certificates, subject, nowMs),
      ...(certificates.some((certificate) => certificate.notAfterMs > nowMs) ? [] : [allExpired(subject)]),
      ...(state === undefined ? [] : activeOne(state, subject, nowMs)),
    ];
  },
};

function leftOvers(certificates: readonly Certificate[], subject: string, nowMs: number): Finding[] {
  const old = certificates.filter(({ notAfterMs }) => notAfterMs + PRUNED_AFTER_MS < nowMs);
  if (old.length === 0) return [];
  return [
    {
      code: 'SPK-4090',
      severity: 'warning',
      subject,
      message: `${old.length} of ${certificates.length} X.509 authorities of the bundle expired long ago`,
      evidence: old.map(({ notAfterMs }) => `expired ${momentWords(notAfterMs)}`).slice(0, 5),
      remedy: 'they do no harm; a server that runs prunes them a day after their end',
    },
  ];
}

function allExpired(subject: string): Finding {
  return {
    code: 'SPK-4091',
    severity: 'error',
    subject,
    message: 'no X.509 authority of the bundle is valid now',
    remedy:
      'see that the clock is right; then start the server again: it makes a new authority, which agents have to learn by rebootstrap',
  };
}

function activeOne(
  { active, prepared }: Awaited<ReturnType<ServerPatient['contents']['x509Authorities']>>,
  subject: string,
  nowMs: number,
): Finding[] {
  const leftMs = Number(active?.expiresAt ?? 0n) * 1000 - nowMs;
  if (active === undefined || active.expiresAt === 0n) return [];
  const evidence = [
    `active ${active.authorityId}, expires ${momentWords(Number(active.expiresAt) * 1000)}`,
    `prepared ${prepared?.authorityId || 'none'}`,
  ];
  if (leftMs <= 0) {
    return [
      {
        code: 'SPK-4092',
        severity: 'error',
        subject,
        message: `the authority that signs expired ${spanWords(-leftMs)} ago`,
        evidence,
        remedy: "read the server's log: it cannot make or keep a new one (key manager, datastore, upstream authority)",
      },
    ];
  }
  return [];
}
