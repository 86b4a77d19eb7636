/**
 * An UpstreamAuthority plugin that signs with the CA in the files of its first two arguments, and keeps JWT keys in
 * memory. The third one makes it misbehave: `no-chain`, `no-roots`, `bad-roots`.
 */
import { readFile } from 'node:fs/promises';
import {
  type CallContext,
  pluginService,
  RpcCode,
  RpcError,
  servePlugin,
  upstreamAuthority,
} from '../../src/lib/plugin/index.ts';
import { systemClock } from '../../src/lib/runtime/clock.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { loadUpstreamCa } from '../../src/lib/server/plugin/upstreamauthority/load-upstream-ca.ts';
import { signUpstreamCa } from '../../src/lib/server/plugin/upstreamauthority/sign-upstream-ca.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';

const [, , certificatePath = '', keyPath = '', misdeed] = process.argv;
const ca = loadUpstreamCa(
  { certificates: await readFile(certificatePath), key: await readFile(keyPath), bundle: undefined },
  systemClock,
);
const roots = ca.roots.map(({ der }) => ({ asn1: der, tainted: false }));
const trustDomain = TrustDomain.parse('example.org');

type JwtKey = NonNullable<upstreamAuthority.PublishJWTKeyRequest['jwtKey']>;
const keys: JwtKey[] = [];

/** Streams stay open until the server gives them up. */
function untilGone({ signal }: CallContext): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

await servePlugin({
  type: 'UpstreamAuthority',
  services: [
    pluginService(upstreamAuthority.UpstreamAuthorityDefinition, {
      async *mintX509CAAndSubscribe({ csr, preferredTtl }, call) {
        const request = { csr, preferredTtlSeconds: preferredTtl };
        const certificate = await signUpstreamCa(ca, request, { trustDomain, clock: systemClock }).catch((error) => {
          throw new RpcError(RpcCode.invalidArgument, `unable to sign CSR: ${SpirekitError.from(error).message}`);
        });
        const chain = [certificate, ...ca.chain].map(({ der }) => ({ asn1: der, tainted: false }));
        const badRoots = [{ asn1: Buffer.from('no certificate'), tainted: false }];
        yield {
          x509CaChain: misdeed === 'no-chain' ? [] : chain,
          upstreamX509Roots: misdeed === 'no-roots' ? [] : misdeed === 'bad-roots' ? badRoots : roots,
        };
        yield { x509CaChain: [], upstreamX509Roots: roots };
        await untilGone(call);
      },
      async *publishJWTKeyAndSubscribe({ jwtKey }, call) {
        if (jwtKey !== undefined) keys.push(jwtKey);
        yield { upstreamJwtKeys: keys };
        await untilGone(call);
      },
      async *subscribeToLocalBundle(_, call) {
        yield { upstreamX509Roots: roots, upstreamJwtKeys: keys };
        await untilGone(call);
      },
    }),
  ],
});
