import { attackCompileCache } from './node-hardening/cache-attacks.ts';
import { attackFromNamespaces } from './node-hardening/caller-attacks.ts';
import { attackWithSignals } from './node-hardening/debugger-attacks.ts';
import { Ledger } from './node-hardening/ledger.ts';
import { attackMemory } from './node-hardening/memory-attacks.ts';
import { attackTrust } from './node-hardening/trust-attacks.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

const ROUNDS = 20;
const CALLS = 50;
const SHORT_CALLS = 3;
const CRASHES = ['SIGABRT', 'SIGSEGV', 'SIGQUIT', 'SIGTRAP', 'SIGBUS'] as const;

export const proof: Proof = {
  shows:
    'a poisoned compile cache, SIGUSR1 every 5 ms from the start, hostile variables, crashes, callers of other pid namespaces: all harmless',
  hasShortForm: true,
  async run(args) {
    if (process.platform !== 'linux') return skipped('it takes Linux');
    const isShort = args.includes(SHORT);
    const ledger = new Ledger();
    await attackCompileCache(ledger);
    await attackWithSignals(ledger, isShort ? 1 : ROUNDS);
    await attackTrust(ledger);
    await attackFromNamespaces(ledger, isShort ? SHORT_CALLS : CALLS);
    await attackMemory(ledger, isShort ? CRASHES.slice(0, 1) : CRASHES);
    return verdict(ledger.isClean, ledger.figure);
  },
};
