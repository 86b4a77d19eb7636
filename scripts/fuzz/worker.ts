/** Runs one target in a thread of its own: modules are loaded with counters here, and an input that hangs stops only this. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadTarget, readCorpus } from '../../test/support/fuzz.ts';
import { Coverage } from './coverage.ts';
import { fuzzTarget } from './fuzz-target.ts';
import { announcer, type WorkerOrder } from './watched-input.ts';

const { name, seconds, seed, isBlind, findsExtensions, watched }: WorkerOrder = workerData;
const coverage = Coverage.open();
const target = await loadTarget(name);
const corpus = readCorpus(name);
parentPort?.postMessage(
  fuzzTarget({ target, corpus, seconds, seed, coverage, isBlind, findsExtensions, announce: announcer(watched) }),
);
