import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import type { KeyType } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { AuthorityManager } from '../../../../src/lib/server/ca/authority-manager.ts';
import type { CredentialSettings } from '../../../../src/lib/server/ca/credential-settings.ts';
import { SigningCa } from '../../../../src/lib/server/ca/signing-ca.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import type { KeyManager } from '../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import { MemoryKeyManager } from '../../../../src/lib/server/plugin/keymanager/memory/memory-key-manager.ts';
import type { UpstreamAuthority } from '../../../../src/lib/server/plugin/upstreamauthority/upstream-authority.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

export const trustDomain = TrustDomain.parse('example.org');

export const settings: CredentialSettings = {
  trustDomain,
  caSubject: Name.of({ country: ['US'], organization: ['SPIFFE'] }),
  caTtlSeconds: 24 * 60 * 60,
  x509SvidTtlSeconds: 60 * 60,
  jwtSvidTtlSeconds: 5 * 60,
  agentTtlSeconds: 2 * 60 * 60,
  jwtIssuer: undefined,
  isJwtSvidEnabled: true,
};

/** What outlives a restart of a server. */
export interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly datastore: DataStore;
  keyManager: KeyManager;
  upstreamAuthority?: UpstreamAuthority;
}

export async function newWorld(): Promise<World> {
  const clock = new ManualClock();
  const datastore = await openSqliteDataStore({ path: ':memory:', clock });
  return {
    clock,
    datastore,
    keyManager: new MemoryKeyManager(),
    [Symbol.asyncDispose]: () => datastore[Symbol.asyncDispose](),
  };
}

export interface RunningCa extends AsyncDisposable {
  readonly ca: SigningCa;
  readonly manager: AuthorityManager;
}

/** Starts the part of a server that owns its authorities. */
export async function startCa(
  { clock, datastore, keyManager, upstreamAuthority }: World,
  options: Partial<CredentialSettings> & {
    keyType?: KeyType;
    onFirstStart?: (foundKeys: boolean) => Promise<void>;
    signal?: AbortSignal;
  } = {},
): Promise<RunningCa> {
  const { keyType = 'ec-p256', onFirstStart = async () => {}, signal, ...changes } = options;
  const credentials = { ...settings, ...changes };
  const ca = new SigningCa(credentials, clock);
  const manager = await AuthorityManager.open({
    settings: credentials,
    caKeyType: keyType,
    jwtKeyType: keyType,
    keyManager,
    upstreamAuthority,
    bundles: datastore.bundles,
    journals: datastore.caJournals,
    ca,
    clock,
    log: silentLogger,
    metrics: NO_METRICS,
    onFirstStart,
    signal,
  });
  return { ca, manager, [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose]() };
}

/** The roots in the bundle, oldest first. */
export async function rootsOf({ datastore }: World): Promise<Certificate[]> {
  const bundle = await datastore.bundles.findBundle(trustDomain);
  return (bundle?.x509Authorities ?? []).map(({ certificate }) => Certificate.parse(certificate));
}
