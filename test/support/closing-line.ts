import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with every skipped test and its reason, then the one line that says how it went:
 * `tests: 412 passed, 0 failed, 3 skipped`. A test file that could not be loaded counts as a failed test.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    const reasons: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) failed += 1;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else {
          skipped += 1;
          const reason = result.state === 'skipped' ? result.note : undefined;
          reasons.push(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${reason ?? 'no reason given'}`);
        }
      }
    }
    for (const line of reasons) process.stdout.write(`${line}\n`);
    process.stdout.write(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
}
