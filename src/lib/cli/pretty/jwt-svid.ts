import type { JWTBundlesResponse, JWTSVIDResponse, ValidateJWTSVIDResponse } from '../../wire/gen/workload.ts';
import { spacedJsonText, structJson } from '../protojson.ts';

/** The text of `api fetch jwt`. Bundles are in order of their trust domain; SPIRE prints them in any order. */
export function formatJwtSvids(svids: JWTSVIDResponse, bundles: JWTBundlesResponse): string {
  const tokens = svids.svids.map(({ spiffeId, svid, hint }) => {
    const hinted = hint === '' ? '' : `hint(${spiffeId}):\n\t${hint}\n`;
    return `token(${spiffeId}):\n\t${svid}\n${hinted}`;
  });
  const sorted = Object.entries(bundles.bundles).sort(([a], [b]) => (a < b ? -1 : 1));
  const keys = sorted.map(([id, jwks]) => `bundle(${id}):\n\t${new TextDecoder().decode(jwks)}\n`);
  return [...tokens, ...keys].join('');
}

/** The text of `api validate jwt`. */
export function formatValidatedJwt(response: ValidateJWTSVIDResponse): string {
  const claims = structJson(response.claims ?? {});
  return `SVID is valid.\nSPIFFE ID : ${response.spiffeId}\nClaims    : ${spacedJsonText(claims)}\n`;
}
