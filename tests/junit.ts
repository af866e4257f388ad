/**
 * Reads what the test runner reports as JUnit XML.
 *
 * @module
 */

/** Tests and their steps by how they ended; of those skipped, `file: name`. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** Counts the test cases of a report by `deno test --junit-path`. An empty report has none. */
export function countTests(xml: string): TestCounts {
  let passed = 0, failed = 0;
  const skipped: string[] = [];
  // Text is escaped in the report, so neither names nor messages hold a tag.
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
