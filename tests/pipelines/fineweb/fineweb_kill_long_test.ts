import { finewebKilled } from "./fineweb_kills.ts";

Deno.test("fineweb killed while it signs, sorts or writes produces the documents of an uninterrupted run", () =>
  finewebKilled(["checkpoints/latest", "bucket_003/", "bucket_012/", "000000.remove", "documents/00000"]));
