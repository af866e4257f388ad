/**
 * Tests where the settings of an object store come from, addresses and signatures.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { parseAwsFile } from "../../../../../stages/format/web/s3/aws_files.ts";
import { signedS3 } from "../../../../../stages/format/web/s3/s3_request.ts";
import { s3PlaceOf } from "../../../../../stages/format/web/s3/s3_uri.ts";
import {
  readS3Settings,
  type S3Settings,
  s3Variables,
} from "../../../../../stages/format/web/s3/settings.ts";
import config from "../../../../../deno.json" with { type: "json" };
import { withFolder } from "../../../../temporary.ts";

const credentialsFile = `# work
[default]
aws_access_key_id = AAAA
aws_secret_access_key = se/cret+one==

[ team ]
aws_access_key_id=BBBB
aws_secret_access_key=two
aws_session_token=three
`;
const configFile = `[default]
region = eu-west-1
[profile team]
s3 =
  addressing_style = virtual
endpoint_url = https://store.example/root/
`;

async function settingsIn(env: Readonly<Record<string, string>>): Promise<S3Settings> {
  let found: S3Settings | null = null;
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/credentials`, credentialsFile);
    await Deno.writeTextFile(`${dir}/config`, configFile);
    found = await readS3Settings({
      AWS_SHARED_CREDENTIALS_FILE: `${dir}/credentials`,
      AWS_CONFIG_FILE: `${dir}/config`,
      ...env,
    });
  });
  return found!;
}

Deno.test("readS3Settings() reads the files of AWS's tools, and the environment wins over them", async () => {
  deepStrictEqual(await settingsIn({}), {
    endpoint: null,
    region: "eu-west-1",
    pathStyle: false,
    credentials: { accessKeyId: "AAAA", secretAccessKey: "se/cret+one==" },
  });
  deepStrictEqual(await settingsIn({ AWS_PROFILE: "team" }), {
    endpoint: "https://store.example/root",
    region: "us-east-1",
    pathStyle: false,
    credentials: { accessKeyId: "BBBB", secretAccessKey: "two", sessionToken: "three" },
  });
  deepStrictEqual(
    await settingsIn({
      AWS_ACCESS_KEY_ID: "CCCC",
      AWS_SECRET_ACCESS_KEY: "four",
      AWS_DEFAULT_REGION: "eu-north-1",
      AWS_ENDPOINT_URL: "http://127.0.0.1:9000/",
    }),
    {
      endpoint: "http://127.0.0.1:9000",
      region: "eu-north-1",
      pathStyle: true,
      credentials: { accessKeyId: "CCCC", secretAccessKey: "four" },
    },
  );
});

Deno.test("readS3Settings() says what is missing, and prints no secret", async () => {
  const refused = (env: Readonly<Record<string, string>>, message: RegExp) =>
    rejects(settingsIn(env), (error: Error) => {
      ok(message.test(error.message), error.message);
      ok(!/hidden|se\/cret/.test(Deno.inspect(error)), Deno.inspect(error));
      return true;
    });
  await refused(
    { AWS_SECRET_ACCESS_KEY: "hidden" },
    /AWS_SECRET_ACCESS_KEY and no AWS_ACCESS_KEY_ID: set both/,
  );
  await refused({ AWS_PROFILE: "none" }, /AWS_PROFILE=none: neither/);
  await refused({ AWS_ENDPOINT_URL: "http://me:hidden@store" }, /an address without a password/);
  await refused({ AWS_CONFIG_FILE: "/none/config" }, /Cannot read \/none\/config: there is no such file/);
});

Deno.test("parseAwsFile() skips comments and lines without a section", () => {
  const profiles = parseAwsFile("x = 1\r\n; no\r\n[a]\r\ny = 2 # kept\r\n");
  deepStrictEqual([...profiles.get("a")!], [["y", "2 # kept"]]);
  strictEqual(profiles.size, 1);
});

Deno.test("s3PlaceOf() divides addresses and refuses those of no bucket", () => {
  deepStrictEqual(s3PlaceOf("s3://abc"), { bucket: "abc", key: "" });
  deepStrictEqual(s3PlaceOf("S3://my.bucket-1/a/b c?#é"), { bucket: "my.bucket-1", key: "a/b c?#é" });
  for (const wrong of ["s3://", "s3://ab", `s3://${"a".repeat(64)}/x`, "s3:/bucket/x", "s3://-x/y"]) {
    throws(() => s3PlaceOf(wrong), RangeError, wrong);
  }
  s3PlaceOf(`s3://${"a".repeat(63)}/x`);
  throws(() => s3PlaceOf("s3://bucket/a/../b"), /cannot be \. or \.\./);
});

Deno.test("addresses have the bucket in the host name or in the path", async () => {
  const address = async (uri: string, settings: Partial<S3Settings>): Promise<string> =>
    (await signedS3(uri, {}, {
      endpoint: null,
      region: "eu-west-1",
      pathStyle: false,
      credentials: null,
      ...settings,
    })).url.href;
  strictEqual(await address("s3://bucket/a b+c", {}), "https://bucket.s3.eu-west-1.amazonaws.com/a%20b%2Bc");
  strictEqual(await address("s3://my.bucket/a", {}), "https://s3.eu-west-1.amazonaws.com/my.bucket/a");
  strictEqual(
    await address("s3://bucket/a", { region: "cn-north-1" }),
    "https://bucket.s3.cn-north-1.amazonaws.com.cn/a",
  );
  strictEqual(
    await address("s3://bucket/a?b#c", { endpoint: "http://h:9/r", pathStyle: true }),
    "http://h:9/r/bucket/a%3Fb%23c",
  );
});

// Golden: the examples of Amazon's documentation, "Signature Calculations for the Authorization Header".
Deno.test("signatures are those of Amazon's documentation", async () => {
  const settings: S3Settings = {
    endpoint: null,
    region: "us-east-1",
    pathStyle: false,
    credentials: {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
  };
  const endpoint = "https://s3.amazonaws.com"; // their host name has no region
  const { headers } = await signedS3(
    "s3://examplebucket/",
    { query: { "max-keys": "2", prefix: "J" }, datetime: "20130524T000000Z" },
    { ...settings, endpoint },
  );
  ok(
    headers.get("authorization")?.endsWith(
      "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
    headers.get("authorization") ?? "none",
  );
});

Deno.test("the tasks that run pipelines may read the variables of object stores, and no other of AWS's", () => {
  for (const task of ["pipeline", "native", "fast", "dawn"] as const) {
    const [, allowed] = /--allow-env=(\S+)/.exec(config.tasks[task].command) ?? [];
    deepStrictEqual(allowed.split(",").filter((name) => name.startsWith("AWS_")), [...s3Variables], task);
  }
});
