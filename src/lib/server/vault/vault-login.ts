import { readFile } from 'node:fs/promises';
import { SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import { parseAnswer, parseLogin, parseTokenLookup, type VaultToken } from './vault-answer.ts';
import { encodePath } from './vault-path.ts';
import { loginRefusal } from './vault-refusal.ts';
import type { VaultAuth } from './vault-settings.ts';
import type { VaultAnswer, VaultRequest } from './vault-transport.ts';

/** What a login talks through. */
export interface LoginDeps {
  /** For messages. */
  readonly address: string;
  readonly send: (request: VaultRequest) => Promise<VaultAnswer>;
}

/** What to look at when Vault takes no credentials of the kind. */
const REMEDIES: Readonly<Record<VaultAuth['method'], string>> = {
  token: 'put a token that lives into token_auth or VAULT_TOKEN',
  cert: 'check client_cert_path, client_key_path, cert_auth_mount_point and cert_auth_role_name',
  approle: 'check approle_id, approle_secret_id and approle_auth_mount_point',
  k8s: 'check k8s_auth_role_name, k8s_auth_mount_point and the file that token_path names',
};

/**
 * Proves who this server is; resolves with the token to use from now on. Errors: `unauthenticated`, what `send` throws,
 * `invalid-config` for a service account token that cannot be read.
 */
export async function login(auth: VaultAuth, { address, send }: LoginDeps): Promise<VaultToken> {
  const request = await requestOf(auth);
  const answer = await send(request);
  if (answer.status === 200) {
    const body = parseAnswer(answer.text);
    return auth.method === 'token' ? { token: auth.token, ...parseTokenLookup(body) } : parseLogin(body);
  }
  throw loginRefusal(address, request.path, answer, REMEDIES[auth.method]);
}

async function requestOf(auth: VaultAuth): Promise<VaultRequest> {
  switch (auth.method) {
    case 'token':
      return { method: 'GET', path: 'auth/token/lookup-self', token: auth.token };
    case 'cert':
      return loginAt(auth.mountPoint, { name: auth.roleName });
    case 'approle':
      return loginAt(auth.mountPoint, { role_id: auth.roleId, secret_id: auth.secretId });
    case 'k8s':
      return loginAt(auth.mountPoint, { role: auth.roleName, jwt: await readToken(auth.tokenPath) });
  }
}

function loginAt(mountPoint: string, body: object): VaultRequest {
  return { method: 'POST', path: `auth/${encodePath(mountPoint)}/login`, body };
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new SpirekitError(
      'invalid-config',
      `failed to read k8s service account token: open ${path}: ${ioReason(cause)}`,
      { cause },
    );
  }
}
