import { MemoryKeyManager } from '../../../../../src/lib/agent/plugin/keymanager/memory/memory-key-manager.ts';
import { describeKeyManager } from './key-manager-suite.ts';

describeKeyManager('memory', async () => new MemoryKeyManager());
