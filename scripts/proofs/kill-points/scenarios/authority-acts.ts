import type { ServerClient } from '../../../../src/lib/client/server-client.ts';
import { type AuthorityIds, checkNothingLost, type ServerState } from '../server-state.ts';
import type { ActStates, ServerAct } from './server-scenario.ts';

type Kind = 'x509' | 'jwt';

/** One step of a rotation, as the two kinds of authority take it. */
interface Steps {
  prepare(client: ServerClient): Promise<string>;
  activate(client: ServerClient, authorityId: string): Promise<string>;
  taint(client: ServerClient, authorityId: string): Promise<string>;
  revoke(client: ServerClient, authorityId: string): Promise<string>;
}

const STEPS: Readonly<Record<Kind, Steps>> = {
  x509: {
    prepare: async ({ localAuthority }) => idOf((await localAuthority.prepareX509Authority({})).preparedAuthority),
    activate: async ({ localAuthority }, authorityId) =>
      idOf((await localAuthority.activateX509Authority({ authorityId })).activatedAuthority),
    taint: async ({ localAuthority }, authorityId) =>
      idOf((await localAuthority.taintX509Authority({ authorityId })).taintedAuthority),
    revoke: async ({ localAuthority }, authorityId) =>
      idOf((await localAuthority.revokeX509Authority({ authorityId })).revokedAuthority),
  },
  jwt: {
    prepare: async ({ localAuthority }) => idOf((await localAuthority.prepareJWTAuthority({})).preparedAuthority),
    activate: async ({ localAuthority }, authorityId) =>
      idOf((await localAuthority.activateJWTAuthority({ authorityId })).activatedAuthority),
    taint: async ({ localAuthority }, authorityId) =>
      idOf((await localAuthority.taintJWTAuthority({ authorityId })).taintedAuthority),
    revoke: async ({ localAuthority }, authorityId) =>
      idOf((await localAuthority.revokeJWTAuthority({ authorityId })).revokedAuthority),
  },
};

/** `localauthority x509 prepare` or `jwt prepare`; `isRepeated`: where one was prepared before, whose key is replaced. */
export function prepareAct(kind: Kind, { isRepeated = false } = {}): ServerAct {
  return {
    name: `localauthority ${kind} prepare${isRepeated ? ', a second time' : ''}`,
    threads: ['main', 'pool'],
    prepare: async ({ client }) => {
      if (isRepeated) await STEPS[kind].prepare(client);
    },
    act: ({ client }) => STEPS[kind].prepare(client),
    check: (_server, states, acknowledged) => {
      const [before, after] = idsBeforeAndAfter(kind, states);
      checkNothingLost(states.before, states.after);
      mustBe('active', after.active, [before.active]);
      if (acknowledged !== undefined) mustBe('prepared', after.prepared, [acknowledged]);
      if (after.prepared === before.prepared) return 'old';
      return after.prepared === undefined ? 'none prepared' : 'new';
    },
  };
}

/** `localauthority x509 activate` or `jwt activate`. */
export function activateAct(kind: Kind): ServerAct {
  return {
    name: `localauthority ${kind} activate`,
    threads: ['main'],
    prepare: async ({ client }) => void (await STEPS[kind].prepare(client)),
    act: ({ client }, before) => STEPS[kind].activate(client, getId(before[kind].prepared)),
    check: (_server, states, acknowledged) => {
      const [before, after] = idsBeforeAndAfter(kind, states);
      checkNothingLost(states.before, states.after);
      mustBe('active', after.active, acknowledged === undefined ? [before.active, before.prepared] : [acknowledged]);
      const isNew = after.active === before.prepared;
      mustBe(isNew ? 'old' : 'prepared', isNew ? after.old : after.prepared, [isNew ? before.active : before.prepared]);
      return isNew ? 'new' : 'old';
    },
  };
}

/** `localauthority x509 taint` or `jwt taint`, of the authority that signed before. */
export function taintAct(kind: Kind): ServerAct {
  return {
    name: `localauthority ${kind} taint`,
    threads: ['main'],
    prepare: ({ client }) => rotate(kind, client),
    act: ({ client }, before) => STEPS[kind].taint(client, getId(before[kind].old)),
    check: (_server, states, acknowledged) => {
      const [before, after] = idsBeforeAndAfter(kind, states);
      checkNothingLost(states.before, states.after);
      mustBe('active', after.active, [before.active]);
      const old = getId(before.old);
      const isTainted = published(kind, states.after).get(old) === true;
      if (acknowledged !== undefined && !isTainted) throw new Error(`${old} is not tainted`);
      return isTainted ? 'new' : 'old';
    },
  };
}

/** `localauthority x509 revoke` or `jwt revoke`, of the authority that was tainted. */
export function revokeAct(kind: Kind): ServerAct {
  return {
    name: `localauthority ${kind} revoke`,
    threads: ['main'],
    prepare: async ({ client }) => {
      await rotate(kind, client);
      const { old } = await slots(kind, client);
      await STEPS[kind].taint(client, getId(old));
    },
    act: ({ client }, before) => STEPS[kind].revoke(client, getId(before[kind].old)),
    check: (_server, states, acknowledged) => {
      const [before, after] = idsBeforeAndAfter(kind, states);
      const old = getId(before.old);
      checkNothingLost(states.before, states.after, [old]);
      mustBe('active', after.active, [before.active]);
      const isThere = published(kind, states.after).has(old);
      if (acknowledged !== undefined && isThere) throw new Error(`${old} is in the bundle still`);
      return isThere ? 'old' : 'new';
    },
  };
}

async function rotate(kind: Kind, client: ServerClient): Promise<void> {
  await STEPS[kind].activate(client, await STEPS[kind].prepare(client));
}

async function slots(kind: Kind, { localAuthority }: ServerClient): Promise<{ readonly old: string | undefined }> {
  const state =
    kind === 'x509' ? await localAuthority.getX509AuthorityState({}) : await localAuthority.getJWTAuthorityState({});
  return { old: state.old?.authorityId };
}

/** The authorities of a kind in the bundle, with whether they are tainted. */
function published(kind: Kind, { roots, jwtKeys }: ServerState): ReadonlyMap<string, boolean> {
  return kind === 'x509' ? roots : jwtKeys;
}

function idsBeforeAndAfter(kind: Kind, { before, after }: ActStates): [AuthorityIds, AuthorityIds] {
  return [before[kind], after[kind]];
}

function idOf(state: { readonly authorityId: string } | undefined): string {
  return getId(state?.authorityId);
}

function getId(id: string | undefined): string {
  if (id === undefined || id === '') throw new Error('the server named no authority');
  return id;
}

function mustBe(what: string, found: string | undefined, allowed: readonly (string | undefined)[]): void {
  if (!allowed.includes(found)) throw new Error(`${what} is ${found}, not ${allowed.join(' or ')}`);
}
