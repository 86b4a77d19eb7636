import { randomUUID } from 'node:crypto';

/** A fresh name for a key in Vault: `<server id>-<UUID>-<key id>`, SPIRE's form. */
export function newKeyName(serverId: string, keyId: string): string {
  return `${serverId}-${randomUUID()}-${keyId}`;
}

const REST = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-(.+)$/s;

/** The key id in a name that {@link newKeyName} made for this server; undefined for the keys of others. */
export function findKeyId(serverId: string, name: string): string | undefined {
  const prefix = `${serverId}-`;
  return name.startsWith(prefix) ? REST.exec(name.slice(prefix.length))?.[1] : undefined;
}
