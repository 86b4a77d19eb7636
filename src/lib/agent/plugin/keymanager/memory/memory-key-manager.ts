import { LocalKeyManager } from '../local-key-manager.ts';

/** Forgets its keys when the process ends: the agent then has to attest again. */
export class MemoryKeyManager extends LocalKeyManager {
  constructor() {
    super('memory', new Map(), async () => {});
  }
}
