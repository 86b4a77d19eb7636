/**
 * Runs the built commands as any program on oclif does: oclif reads the package.json, finds `dist/commands` by itself,
 * loads the one command and calls its `run`. Nothing of `src/main` or of the umbrella's own launcher is in it.
 */
import { execute } from '@oclif/core';
import { projectRoot } from './programs.ts';

await execute({ args: process.argv.slice(2), dir: projectRoot });
