import { trainKilled } from "./train_kills.ts";

Deno.test("train killed at 2 random moments, half of them within a checkpoint's writing, ends as the whole run", () =>
  trainKilled(2));
