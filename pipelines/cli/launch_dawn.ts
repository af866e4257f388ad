/**
 * The program of `deno task dawn`, which starts as that of `deno task pipeline` does, but with Dawn.
 *
 * @module
 */
import { installDawn } from "./dawn.ts";

try {
  await installDawn();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
await import("./launch.ts");
