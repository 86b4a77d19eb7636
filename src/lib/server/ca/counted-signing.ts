import { type Metrics, NO_METRICS } from '../../telemetry/metrics.ts';
import type { ServerCa } from './server-ca.ts';

/** What is counted when a signature of the kind was made. */
const KEYS = {
  x509Svid: ['server_ca', 'sign', 'x509_svid'],
  x509CaSvid: ['server_ca', 'sign', 'x509_ca_svid'],
  jwtSvid: ['server_ca', 'sign', 'jwt_svid'],
} as const;

/** A CA whose signatures are counted; without metrics it is the CA itself. */
export function countSigning(ca: ServerCa, metrics: Metrics): ServerCa {
  if (metrics === NO_METRICS) return ca;
  const counted = async <T>(kind: keyof typeof KEYS, signing: Promise<T>): Promise<T> => {
    const signed = await signing;
    metrics.incrementCounter(KEYS[kind]);
    return signed;
  };
  return {
    isJwtSvidEnabled: ca.isJwtSvidEnabled,
    signServerX509Svid: (params) => counted('x509Svid', ca.signServerX509Svid(params)),
    signAgentX509Svid: (params) => counted('x509Svid', ca.signAgentX509Svid(params)),
    signWorkloadX509Svid: (params) => counted('x509Svid', ca.signWorkloadX509Svid(params)),
    signWorkloadCsr: (params) => counted('x509Svid', ca.signWorkloadCsr(params)),
    signWorkloadJwtSvid: (params) => counted('jwtSvid', ca.signWorkloadJwtSvid(params)),
    signDownstreamX509Ca: (params) => counted('x509CaSvid', ca.signDownstreamX509Ca(params)),
  };
}
