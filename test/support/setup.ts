import { configureGlobal } from 'fast-check';
import { NODE_VARIABLES } from '../../src/lib/cli/outer-environment.ts';

/**
 * Every run tries the same random values, so that a failure belongs to the change and not to the day. Other values:
 * `SPIREKIT_TEST_SEED=N npm test`.
 */
configureGlobal({ seed: Number(process.env['SPIREKIT_TEST_SEED'] ?? 20_260_101) });

/** What the machine sets for Node is not meant for the daemons, which refuse it where a test starts them without launcher. */
for (const name of NODE_VARIABLES) delete process.env[name];
