import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatMinted, mintedJson } from '../../../src/lib/cli/pretty/minted-svid.ts';
import { isCapped, mintJwtSvid, mintX509Svid } from '../../../src/lib/cli/svid-minting.ts';
import { parseCsr } from '../../../src/lib/crypto/csr.ts';
import { isSamePublicKey, parsePkcs8 } from '../../../src/lib/crypto/key.ts';
import { pemDecodeAll } from '../../../src/lib/crypto/pem.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import type { MintX509SVIDRequest } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { JWTSVID } from '../../../src/lib/wire/gen/spire/api/types/jwtsvid.ts';
import { X509SVID } from '../../../src/lib/wire/gen/spire/api/types/x509svid.ts';

const id = SpiffeId.parse('spiffe://example.org/minted');
const SECOND = 1_000_000_000n;
const leaf = Buffer.from('leaf');
const root = Buffer.from('root');

function clients(answers: { chain?: Uint8Array[]; roots?: Uint8Array[] } = {}) {
  const requests: MintX509SVIDRequest[] = [];
  return {
    requests,
    svid: {
      async mintX509SVID(request: MintX509SVIDRequest) {
        requests.push(request);
        return { svid: X509SVID.create({ certChain: answers.chain ?? [leaf], expiresAt: 99n }) };
      },
    },
    bundle: {
      getBundle: async () => Bundle.create({ x509Authorities: (answers.roots ?? [root]).map((asn1) => ({ asn1 })) }),
    },
  };
}

describe('mintX509Svid', () => {
  it('asks for a certificate for a key that it made itself', async () => {
    const api = clients();
    const minted = await mintX509Svid(api, { id, dnsNames: ['a.local'], ttlNanoseconds: SECOND + 1n });
    const [request] = api.requests;
    const csr = parseCsr(request?.csr ?? new Uint8Array());
    expect(csr.uris).toEqual([id.toString()]);
    expect(csr.dnsNames).toEqual(['a.local']);
    expect(isSamePublicKey(csr.publicKey, createPublicKey(parsePkcs8(minted.privateKey)))).toBe(true);
    expect(minted).toMatchObject({ chain: [leaf], roots: [root], expiresAtSeconds: 99n });
    expect(request?.ttl, 'rounded up to whole seconds').toBe(2);
  });

  it('is not content with half an answer', async () => {
    const wish = { id, dnsNames: [], ttlNanoseconds: 0n };
    await expect(mintX509Svid(clients({ chain: [] }), wish)).rejects.toThrow('server response missing SVID chain');
    await expect(mintX509Svid(clients({ roots: [] }), wish)).rejects.toThrow(
      'server response missing X509 Authorities',
    );
  });

  it('refuses a lifetime that the message cannot hold, before it asks', async () => {
    const api = clients();
    const wish = { id, dnsNames: [], ttlNanoseconds: 2n ** 31n * SECOND };
    await expect(mintX509Svid(api, wish)).rejects.toThrow(
      'invalid value for TTL: overflow converting time.Duration(2.147483648s) to int32',
    );
    expect(api.requests).toEqual([]);
  });
});

describe('mintJwtSvid', () => {
  it('hands over who, for whom and for how long', async () => {
    const wish = { id, audience: ['a', 'b'], ttlNanoseconds: 60n * SECOND };
    const client = {
      mintJWTSVID: async (request: unknown) => ({ svid: JWTSVID.create({ token: JSON.stringify(request) }) }),
    };
    const { token } = await mintJwtSvid(client, wish);
    expect(JSON.parse(token)).toEqual({
      id: { trustDomain: 'example.org', path: '/minted' },
      audience: ['a', 'b'],
      ttl: 60,
    });
  });

  it('is not content without a token', async () => {
    const client = { mintJWTSVID: async () => ({ svid: undefined }) };
    await expect(mintJwtSvid(client, { id, audience: ['a'], ttlNanoseconds: 0n })).rejects.toThrow(
      'server response missing token',
    );
  });
});

describe('isCapped', () => {
  it('compares what is left now with what was asked for', () => {
    expect(isCapped(160n, 100_000, 60n * SECOND)).toBe(false);
    expect(isCapped(160n, 100_001, 60n * SECOND)).toBe(true);
    expect(isCapped(160n, 100_001, 0n)).toBe(false);
  });
});

describe('the output of x509 mint', () => {
  const minted = { chain: [leaf, leaf], privateKey: Buffer.from('key'), roots: [root], expiresAtSeconds: 0n };

  it('shows all three parts in PEM', () => {
    const text = formatMinted(minted);
    expect(text.split('\n').filter((line) => line.endsWith(':'))).toEqual(['X509-SVID:', 'Private key:', 'Root CAs:']);
    expect(pemDecodeAll(text).map(({ label }) => label)).toEqual([
      'CERTIFICATE',
      'CERTIFICATE',
      'PRIVATE KEY',
      'CERTIFICATE',
    ]);
  });

  it('has its parts in base64 in JSON', () => {
    expect(JSON.stringify(mintedJson(minted))).toBe(
      '{"x509_svid":["bGVhZg==","bGVhZg=="],"private_key":"a2V5","root_cas":["cm9vdA=="]}',
    );
  });
});
