import { configureGlobal } from 'fast-check';

/**
 * Every run tries the same random values, so that a failure belongs to the change and not to the day. Other values:
 * `SPIREKIT_TEST_SEED=N npm test`.
 */
configureGlobal({ seed: Number(process.env['SPIREKIT_TEST_SEED'] ?? 20_260_101) });
