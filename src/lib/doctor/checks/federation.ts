import { Certificate } from '../../crypto/certificate.ts';
import type { Finding } from '../../findings/finding.ts';
import type { Bundle } from '../../wire/gen/spire/api/types/bundle.ts';
import type { Check } from '../check.ts';
import { momentWords, spanWords } from '../durations.ts';
import type { ServerPatient } from '../patient.ts';

/** Bundles of other trust domains: missing, expired, or about to expire sooner than they are fetched again. */
export const federation: Check<ServerPatient> = {
  name: 'federation',
  async look({ contents, surroundings, config }) {
    const [relationships, bundles] = await Promise.all([
      contents.federationRelationships(),
      contents.federatedBundles(),
    ]);
    const fromFile = config.kind === 'valid' ? config.value.federation.federatesWith : [];
    const wanted = new Map([
      ...fromFile.map((each) => [each.trustDomain.name, each.bundleEndpointUrl] as const),
      ...relationships.map((each) => [each.trustDomain, each.bundleEndpointUrl] as const),
    ]);
    const held = new Set(bundles.map(({ trustDomain }) => trustDomain));
    const nowMs = surroundings.clock.nowMs();
    const missing = [...wanted].filter(([name]) => !held.has(name));
    return [
      ...missing.map(([name, url]) => missingBundle(name, url)),
      ...bundles.flatMap((bundle) => staleBundle(bundle, nowMs)),
    ];
  },
};

function missingBundle(name: string, url: string): Finding {
  return {
    code: 'SPK-4094',
    severity: 'error',
    subject: `spiffe://${name}`,
    message: 'there is a federation relationship and no bundle',
    evidence: [`bundle endpoint ${url}`],
    remedy: `\`spirekit federation refresh --id ${name}\`; an https_spiffe endpoint needs a first bundle by hand: \`spirekit bundle set --id spiffe://${name} --path FILE\``,
  };
}

function staleBundle(bundle: Bundle, nowMs: number): Finding[] {
  const subject = `spiffe://${bundle.trustDomain}`;
  const ends = bundle.x509Authorities.flatMap(({ asn1 }) => {
    try {
      return Certificate.parseAll(asn1).map(({ notAfterMs }) => notAfterMs);
    } catch {
      return [];
    }
  });
  if (ends.length === 0) return [];
  const lastMs = Math.max(...ends);
  const hintMs = Number(bundle.refreshHint) * 1000;
  const evidence = [
    `last authority expires ${momentWords(lastMs)}`,
    `refresh hint ${hintMs > 0 ? spanWords(hintMs) : 'none'}, sequence ${bundle.sequenceNumber}`,
  ];
  const remedy = `\`spirekit federation refresh --id ${bundle.trustDomain}\`, then \`spirekit bundle list --id ${subject}\``;
  if (lastMs <= nowMs) {
    const message = 'every authority of the bundle of this other trust domain has expired';
    return [{ code: 'SPK-4093', severity: 'error', subject, message, evidence, remedy }];
  }
  if (lastMs - nowMs >= hintMs) return [];
  const message = 'the bundle of this other trust domain expires before it is due to be fetched again';
  return [{ code: 'SPK-4093', severity: 'warning', subject, message, evidence, remedy }];
}
