import { LocalKeyManager } from '../local-key-manager.ts';

/** Forgets its keys when the process ends, so each start of the server begins with new authorities. */
export class MemoryKeyManager extends LocalKeyManager {
  constructor() {
    super('memory', new Map(), async () => {});
  }
}
