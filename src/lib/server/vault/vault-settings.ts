import { ConfigError } from '../../config/config-error.ts';
import { block } from '../../config/schema/block.ts';
import { bool, optional, string } from '../../config/schema/scalars.ts';
import type { Infer } from '../../config/schema/schema.ts';

/** How this server proves to Vault who it is. Mount points are names below `auth/`. */
export type VaultAuth =
  | { readonly method: 'token'; readonly token: string }
  | {
      readonly method: 'cert';
      readonly mountPoint: string;
      /** Empty: Vault tries all of its roles. */
      readonly roleName: string;
      readonly certPath: string;
      readonly keyPath: string;
    }
  | { readonly method: 'approle'; readonly mountPoint: string; readonly roleId: string; readonly secretId: string }
  | {
      readonly method: 'k8s';
      readonly mountPoint: string;
      readonly roleName: string;
      /** File with the token of the service account; read at each login, since the kubelet renews it. */
      readonly tokenPath: string;
    };

/** How a Vault server is reached. */
export interface VaultSettings {
  readonly address: URL;
  /** Empty: none. */
  readonly namespace: string;
  readonly auth: VaultAuth;
  /** PEM file with the roots of Vault's certificate; empty: those of the system. */
  readonly caCertPath: string;
  readonly insecureSkipVerify: boolean;
}

/** The settings that all plugins on Vault have, under SPIRE's names. */
export const vaultFields = {
  vault_addr: string(),
  token_auth: optional(block({ token: string() })),
  cert_auth: optional(
    block({
      cert_auth_mount_point: string(),
      cert_auth_role_name: string(),
      client_cert_path: string(),
      client_key_path: string(),
    }),
  ),
  approle_auth: optional(
    block({ approle_auth_mount_point: string(), approle_id: string(), approle_secret_id: string() }),
  ),
  k8s_auth: optional(block({ k8s_auth_mount_point: string(), k8s_auth_role_name: string(), token_path: string() })),
  ca_cert_path: string(),
  insecure_skip_verify: bool(),
  namespace: string(),
} as const;

const vaultSchema = block(vaultFields);
type VaultBlock = Infer<typeof vaultSchema>;

/** The environment of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable's value where it is set and not empty, else the setting: the environment goes first, as in SPIRE. */
export function preferEnvironment(env: Environment, name: string, setting: string): string {
  const value = env[name];
  return value === undefined || value === '' ? setting : value;
}

/** Error: `invalid-config`, with SPIRE's sentence where it has one. */
export function resolveVaultSettings(config: VaultBlock, env: Environment): VaultSettings {
  return {
    auth: resolveAuth(config, env),
    address: resolveAddress(preferEnvironment(env, 'VAULT_ADDR', config.vault_addr)),
    namespace: preferEnvironment(env, 'VAULT_NAMESPACE', config.namespace),
    caCertPath: preferEnvironment(env, 'VAULT_CACERT', config.ca_cert_path),
    insecureSkipVerify: config.insecure_skip_verify,
  };
}

function resolveAddress(text: string): URL {
  if (text === '') throw new ConfigError('no address of Vault: set vault_addr or the variable VAULT_ADDR');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new ConfigError(`vault_addr is not a URL that begins with https:// or http://: ${JSON.stringify(text)}`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigError('vault_addr may hold a host, a port and a path, and no more');
  }
  return url;
}

function resolveAuth(config: VaultBlock, env: Environment): VaultAuth {
  const found = [tokenAuth(config, env), certAuth(config, env), approleAuth(config, env), k8sAuth(config)];
  const [auth, ...others] = found.filter((candidate) => candidate !== undefined);
  if (auth === undefined) {
    throw new ConfigError(
      'no authentication method for Vault: add one of the blocks token_auth, cert_auth, approle_auth, k8s_auth',
    );
  }
  if (others.length > 0) throw new ConfigError('only one authentication method can be configured');
  return auth;
}

function tokenAuth({ token_auth: config }: VaultBlock, env: Environment): VaultAuth | undefined {
  if (config === undefined) return undefined;
  const token = preferEnvironment(env, 'VAULT_TOKEN', config.token);
  if (token === '') throw new ConfigError('token_auth has no token: set token in it, or the variable VAULT_TOKEN');
  return { method: 'token', token };
}

function certAuth({ cert_auth: config }: VaultBlock, env: Environment): VaultAuth | undefined {
  if (config === undefined) return undefined;
  const certPath = preferEnvironment(env, 'VAULT_CLIENT_CERT', config.client_cert_path);
  const keyPath = preferEnvironment(env, 'VAULT_CLIENT_KEY', config.client_key_path);
  if (certPath === '' || keyPath === '') throw new ConfigError('both client cert and client key are required');
  return {
    method: 'cert',
    mountPoint: config.cert_auth_mount_point || 'cert',
    roleName: config.cert_auth_role_name,
    certPath,
    keyPath,
  };
}

function approleAuth({ approle_auth: config }: VaultBlock, env: Environment): VaultAuth | undefined {
  if (config === undefined) return undefined;
  return {
    method: 'approle',
    mountPoint: config.approle_auth_mount_point || 'approle',
    roleId: preferEnvironment(env, 'VAULT_APPROLE_ID', config.approle_id),
    secretId: preferEnvironment(env, 'VAULT_APPROLE_SECRET_ID', config.approle_secret_id),
  };
}

function k8sAuth({ k8s_auth: config }: VaultBlock): VaultAuth | undefined {
  if (config === undefined) return undefined;
  if (config.k8s_auth_role_name === '') throw new ConfigError('k8s_auth_role_name is required');
  if (config.token_path === '') throw new ConfigError('token_path is required');
  return {
    method: 'k8s',
    mountPoint: config.k8s_auth_mount_point || 'kubernetes',
    roleName: config.k8s_auth_role_name,
    tokenPath: config.token_path,
  };
}
