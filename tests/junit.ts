/**
 * Reads the JUnit XML report of `deno test`.
 *
 * @module
 */

/**
 * Numbers of tests and steps that passed and failed, and a text `file: name` for each one that was skipped.
 */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** Counts the test cases of a report by `deno test --junit-path`. An empty report has none. */
export function countTests(xml: string): TestCounts {
  let passed = 0, failed = 0;
  const skipped: string[] = [];
  // The report escapes text, so names and messages contain no tags.
  for (const [, attributes, body] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    if (/<(failure|error)\b/.test(body ?? "")) failed++;
    else if (/<skipped\b/.test(body ?? "")) {
      skipped.push(`${attribute(attributes, "classname")}: ${attribute(attributes, "name")}`);
    } else passed++;
  }
  return { passed, failed, skipped };
}

function attribute(attributes: string, name: string): string {
  return new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
}
