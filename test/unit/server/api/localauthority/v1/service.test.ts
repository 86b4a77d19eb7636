import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { SpirekitError } from '../../../../../../src/lib/runtime/errors.ts';
import { localAuthorityService } from '../../../../../../src/lib/server/api/localauthority/v1/service.ts';
import type { LocalAuthorityDefinition } from '../../../../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { newWorld, type RunningCa, startCa, trustDomain, type World } from '../../../ca/authority-world.ts';
import { makeAuthorizedCall } from '../../calls.ts';

type Service = Required<ServiceImplementation<typeof LocalAuthorityDefinition>>;

const KINDS = ['X.509', 'JWT'] as const;
type Kind = (typeof KINDS)[number];

describe('localAuthorityService', () => {
  const call = makeAuthorizedCall();
  let world: World;
  let running: RunningCa;
  let service: Service;
  let tainted: string[];

  beforeEach(async () => {
    world = await newWorld();
    running = await startCa(world);
    tainted = [];
    service = serve(running);
  });
  afterEach(async () => {
    await running[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  function serve({ manager }: RunningCa): Service {
    // All methods are there; the type says that any may be missing.
    return localAuthorityService({
      trustDomain,
      x509: manager.x509,
      jwt: manager.jwt,
      bundles: world.datastore.bundles,
      hasUpstream: manager.hasUpstream,
      onTaintedRoot: ({ subjectKeyId }) => tainted.push(Buffer.from(subjectKeyId ?? []).toString('hex')),
    }) as Service;
  }

  const show = (kind: Kind) =>
    kind === 'X.509' ? service.getX509AuthorityState({}, call) : service.getJWTAuthorityState({}, call);
  const prepare = async (kind: Kind) =>
    (kind === 'X.509' ? await service.prepareX509Authority({}, call) : await service.prepareJWTAuthority({}, call))
      .preparedAuthority?.authorityId ?? '';
  const activate = async (kind: Kind, authorityId: string) =>
    (kind === 'X.509'
      ? await service.activateX509Authority({ authorityId }, call)
      : await service.activateJWTAuthority({ authorityId }, call)
    ).activatedAuthority?.authorityId;
  const taint = async (kind: Kind, authorityId: string) =>
    (kind === 'X.509'
      ? await service.taintX509Authority({ authorityId }, call)
      : await service.taintJWTAuthority({ authorityId }, call)
    ).taintedAuthority;
  const revoke = async (kind: Kind, authorityId: string) =>
    (kind === 'X.509'
      ? await service.revokeX509Authority({ authorityId }, call)
      : await service.revokeJWTAuthority({ authorityId }, call)
    ).revokedAuthority;
  const active = async (kind: Kind): Promise<string> => (await show(kind)).active?.authorityId ?? '';
  const authoritiesInBundle = async (kind: Kind): Promise<number> => {
    const bundle = await world.datastore.bundles.findBundle(trustDomain);
    return (kind === 'X.509' ? bundle?.x509Authorities : bundle?.jwtAuthorities)?.length ?? 0;
  };

  describe.each(KINDS)('%s authorities', (kind) => {
    test('are shown by their slots', async () => {
      const first = await show(kind);
      expect(first).toMatchObject({ prepared: undefined, old: undefined });
      const expiresAt = BigInt(world.clock.nowMs() / 1000 + 24 * 60 * 60);
      expect(first.active).toMatchObject({ expiresAt, upstreamAuthoritySubjectKeyId: '' });
      const prepared = await prepare(kind);
      expect(await show(kind)).toMatchObject({ ...first, prepared: { authorityId: prepared, expiresAt } });
      await activate(kind, prepared);
      expect(await show(kind)).toEqual({
        active: { authorityId: prepared, expiresAt, upstreamAuthoritySubjectKeyId: '' },
        prepared: undefined,
        old: first.active,
      });
    });

    test('are in the bundle before they sign, and out of it once revoked', async () => {
      const first = await active(kind);
      const prepared = await prepare(kind);
      expect(await active(kind)).toBe(first);
      expect(await authoritiesInBundle(kind)).toBe(2);
      expect(await activate(kind, prepared)).toBe(prepared);
      expect(await taint(kind, first)).toMatchObject({ authorityId: first });
      expect(await revoke(kind, first)).toEqual({
        authorityId: first,
        expiresAt: 0n,
        upstreamAuthoritySubjectKeyId: '',
      });
      expect(await authoritiesInBundle(kind)).toBe(1);
    });

    test('F5: one that is activated twice at once, or by the clock just before, takes over once', async () => {
      const prepared = await prepare(kind);
      const outcomes = await Promise.allSettled([activate(kind, prepared), activate(kind, prepared)]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(outcomes[1]).toMatchObject({ reason: { code: 'invalid-argument', message: 'unexpected authority ID' } });
      expect(await active(kind)).toBe(prepared);
      const next = await prepare(kind);
      world.clock.advance(23 * 60 * 60 * 1000);
      await running.manager.settled();
      await expect(activate(kind, next)).rejects.toMatchObject({ code: 'invalid-argument' });
      expect(await active(kind)).toBe(next);
    });

    test('are refused in SPIRE’s words where they stand in another slot', async () => {
      const first = await active(kind);
      const refused = (code: string, message: string) => ({ code, message });
      await expect(activate(kind, '')).rejects.toMatchObject(refused('invalid-argument', 'no authority ID provided'));
      await expect(activate(kind, 'x')).rejects.toMatchObject(refused('invalid-argument', 'unexpected authority ID'));
      await expect(activate(kind, first)).rejects.toMatchObject(refused('invalid-argument', 'unexpected authority ID'));
      await expect(taint(kind, '')).rejects.toMatchObject(refused('invalid-argument', 'no authority ID provided'));
      await expect(taint(kind, first)).rejects.toMatchObject(
        refused('invalid-argument', 'unable to taint current local authority'),
      );
      const prepared = await prepare(kind);
      await expect(taint(kind, prepared)).rejects.toMatchObject(
        refused(
          'invalid-argument',
          'only Old local authorities can be tainted: unsupported local authority status: PREPARED',
        ),
      );
      await activate(kind, prepared);
      await expect(activate(kind, first)).rejects.toMatchObject(
        refused('internal', 'only Prepared authorities can be activated: unsupported local authority status: OLD'),
      );
      await taint(kind, first);
      await expect(taint(kind, first)).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringMatching(/^failed to taint (X\.509|JWT) authority: .* already tainted$/),
      });
    });

    test('cannot be revoked while they sign or before they are tainted', async () => {
      const first = await active(kind);
      const prepared = await prepare(kind);
      const reasons = {
        '': 'no authority ID provided',
        [first]: 'unable to use current authority',
        [prepared]: kind === 'JWT' ? 'unable to use a prepared key' : 'only Old local authority can be revoked',
        nonsense:
          kind === 'JWT'
            ? 'no JWT authority found with provided authority ID'
            : 'only Old local authority can be revoked',
      };
      for (const [authorityId, reason] of Object.entries(reasons)) {
        await expect(revoke(kind, authorityId)).rejects.toMatchObject({
          code: 'invalid-argument',
          message: `invalid authority ID: ${reason}`,
        });
      }
      await activate(kind, prepared);
      await expect(revoke(kind, first)).rejects.toMatchObject({ code: 'internal' });
      expect(await authoritiesInBundle(kind)).toBe(2);
    });

    test('that cannot be prepared are told with the reason', async () => {
      const keys = world.keyManager;
      await running[Symbol.asyncDispose]();
      world.keyManager = {
        name: keys.name,
        findKey: (id) => keys.findKey(id),
        listKeys: () => keys.listKeys(),
        generateKey: async () => {
          throw new SpirekitError('io-error', 'the token is gone');
        },
      };
      running = await startCa(world);
      service = serve(running);
      await expect(prepare(kind)).rejects.toMatchObject({
        code: 'internal',
        message: `failed to prepare ${kind} authority: the token is gone`,
      });
    });
  });

  test('a tainted X.509 authority is told to whoever may use its SVIDs here', async () => {
    const first = await active('X.509');
    await activate('X.509', await prepare('X.509'));
    expect(await taint('X.509', first)).toMatchObject({ authorityId: first, expiresAt: expect.any(BigInt) });
    expect(tainted).toEqual([first]);
    const bundle = await world.datastore.bundles.findBundle(trustDomain);
    expect(bundle?.x509Authorities.map((authority) => authority.tainted)).toEqual([true, false]);
  });

  test('without JWT-SVIDs there are no JWT authorities', async () => {
    await running[Symbol.asyncDispose]();
    running = await startCa(world, { isJwtSvidEnabled: false });
    service = serve(running);
    for (const attempt of [() => show('JWT'), () => prepare('JWT'), () => revoke('JWT', 'x')]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'unimplemented',
        message: 'JWT functionality is disabled',
      });
    }
  });

  test('what is about upstream authorities and WIT-SVIDs is refused', async () => {
    for (const attempt of [
      () => service.taintX509UpstreamAuthority({ subjectKeyId: '0102' }, call),
      () => service.revokeX509UpstreamAuthority({ subjectKeyId: '' }, call),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'failed-precondition',
        message: 'upstream authority is not configured',
      });
    }
    for (const attempt of [
      () => service.getWITAuthorityState({}, call),
      () => service.prepareWITAuthority({}, call),
      () => service.activateWITAuthority({ authorityId: 'x' }, call),
      () => service.taintWITAuthority({ authorityId: 'x' }, call),
      () => service.revokeWITAuthority({ authorityId: 'x' }, call),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'unimplemented' });
    }
  });
});
