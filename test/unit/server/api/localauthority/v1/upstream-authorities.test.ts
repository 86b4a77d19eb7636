import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { localAuthorityService } from '../../../../../../src/lib/server/api/localauthority/v1/service.ts';
import type { LocalAuthorityDefinition } from '../../../../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { newWorld, type RunningCa, startCa, trustDomain, type World } from '../../../ca/authority-world.ts';
import { FakeUpstreamAuthority } from '../../../plugin/upstreamauthority/fake-upstream-authority.ts';
import { makeAuthorizedCall } from '../../calls.ts';

type Service = Required<ServiceImplementation<typeof LocalAuthorityDefinition>>;

describe('localAuthorityService of a server with an upstream authority', () => {
  const call = makeAuthorizedCall();
  let world: World;
  let upstream: FakeUpstreamAuthority;
  let running: RunningCa;
  let service: Service;
  let tainted: string[];

  beforeEach(async () => {
    world = await newWorld();
    upstream = await FakeUpstreamAuthority.open(trustDomain, world.clock);
    world.upstreamAuthority = upstream;
    running = await startCa(world);
    tainted = [];
    const { manager } = running;
    // All methods are there; the type says that any may be missing.
    service = localAuthorityService({
      trustDomain,
      x509: manager.x509,
      jwt: manager.jwt,
      hasUpstream: manager.hasUpstream,
      bundles: world.datastore.bundles,
      onTaintedRoot: ({ subjectKeyId }) => tainted.push(Buffer.from(subjectKeyId ?? []).toString('hex')),
    }) as Service;
  });
  afterEach(async () => {
    await running[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  const taint = (subjectKeyId: string) => service.taintX509UpstreamAuthority({ subjectKeyId }, call);
  const revoke = (subjectKeyId: string) => service.revokeX509UpstreamAuthority({ subjectKeyId }, call);

  /** A CA below another root is prepared. */
  async function prepareBelowAnother(): Promise<string> {
    await upstream.rotate();
    return (await service.prepareX509Authority({}, call)).preparedAuthority?.authorityId ?? '';
  }

  test('shows who signed its X.509 authorities, and that nobody else has a hand in its JWT keys', async () => {
    const first = upstream.signingKeyId;
    expect((await service.getX509AuthorityState({}, call)).active?.upstreamAuthoritySubjectKeyId).toBe(first);
    const prepared = await prepareBelowAnother();
    await service.activateX509Authority({ authorityId: prepared }, call);
    expect(await service.getX509AuthorityState({}, call)).toMatchObject({
      active: { authorityId: prepared, upstreamAuthoritySubjectKeyId: upstream.signingKeyId },
      old: { upstreamAuthoritySubjectKeyId: first },
    });
    expect((await service.getJWTAuthorityState({}, call)).active?.upstreamAuthoritySubjectKeyId).toBe('');
  });

  test('taints and revokes the one that signed the old authority, named in any case', async () => {
    const first = upstream.signingKeyId;
    await service.activateX509Authority({ authorityId: await prepareBelowAnother() }, call);
    expect(await taint(first.toUpperCase())).toEqual({ upstreamAuthoritySubjectKeyId: first });
    expect(tainted).toEqual([first]);
    const before = await world.datastore.bundles.findBundle(trustDomain);
    expect(before?.x509Authorities.map((root) => root.tainted)).toEqual([true, false]);
    expect(await revoke(first)).toEqual({ upstreamAuthoritySubjectKeyId: first });
    const after = await world.datastore.bundles.findBundle(trustDomain);
    expect(after?.x509Authorities.map((root) => root.tainted)).toEqual([false]);
  });

  test.each([
    ['taint', 'provided subject key id is not valid', taint],
    ['revoke', 'invalid subject key ID', revoke],
  ])('does not %s the one that is in use or to come, or that it never had', async (_, sentence, act) => {
    const first = upstream.signingKeyId;
    const refused = (message: string) => ({ code: 'invalid-argument', message: `${sentence}: ${message}` });
    await expect(act('')).rejects.toMatchObject(refused('no subject key ID provided'));
    await expect(act(first)).rejects.toMatchObject(
      refused('unable to use upstream authority singing current authority'),
    );
    await expect(act('0102')).rejects.toMatchObject(refused("upstream authority didn't sign the old local authority"));
    await prepareBelowAnother();
    await expect(act(upstream.signingKeyId)).rejects.toMatchObject(
      refused('only upstream authorities signing an old authority can be used'),
    );
  });

  test('does not revoke what is not tainted, and taints once', async () => {
    const first = upstream.signingKeyId;
    await service.activateX509Authority({ authorityId: await prepareBelowAnother() }, call);
    await expect(revoke(first)).rejects.toMatchObject({
      code: 'internal',
      message: 'failed to revoke X.509 upstream authority: it is not possible to revoke an untainted root CA',
    });
    await taint(first);
    await expect(taint(first)).rejects.toMatchObject({
      code: 'internal',
      message: 'failed to taint upstream authority: root CA is already tainted',
    });
  });

  test('leaves its own X.509 authorities to their roots', async () => {
    const { active } = await service.getX509AuthorityState({}, call);
    const authorityId = active?.authorityId ?? '';
    await expect(service.taintX509Authority({ authorityId }, call)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: "local authority can't be tainted if there is an upstream authority",
    });
    await expect(service.revokeX509Authority({ authorityId }, call)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: "local authority can't be revoked if there is an upstream authority",
    });
  });
});
