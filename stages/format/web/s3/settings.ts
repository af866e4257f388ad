/**
 * Which object store is used and with which credentials, from the same environment variables and files as the
 * AWS command line and boto3. Nothing here is ever printed or written to a run's files.
 *
 * @module
 */
import { type AwsProfile, readAwsProfile } from "./aws_files.ts";

/** A key pair, and the token of temporary credentials. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** An object store. */
export interface S3Settings {
  /** Address of the store, such as "http://127.0.0.1:9000"; null for AWS. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Whether the bucket is the first part of the path, not a part of the host name. */
  readonly pathStyle: boolean;
  /** Null if there are none: requests are then not signed, as for public buckets. */
  readonly credentials: S3Credentials | null;
}

/** The environment variables that are read, for which the tasks in deno.json have permission. */
export const s3Variables = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CONFIG_FILE",
] as const;

type Variables = Readonly<Partial<Record<typeof s3Variables[number], string>>>;

const FRESH = 60_000; // milliseconds after which settings are read again: temporary credentials are renewed

let cached: { readonly settings: Promise<S3Settings>; readonly until: number } | null = null;

/** Returns the settings, which are read again every minute. Throws the errors of `readS3Settings`. */
export function s3Settings(): Promise<S3Settings> {
  const now = performance.now();
  if (cached === null || now > cached.until) cached = { settings: readS3Settings(), until: now + FRESH };
  return cached.settings;
}

/** Uses these settings from now on; null: those of the environment and the files. */
export function useS3Settings(settings: S3Settings | null): void {
  cached = settings === null ? null : { settings: Promise.resolve(settings), until: Infinity };
}

/**
 * Reads the settings. Throws RangeError for an endpoint that is no address, Deno.errors.InvalidData for half
 * a key pair, Deno.errors.NotFound for a profile or file that is named and does not exist.
 */
export async function readS3Settings(env: Variables = ownVariables()): Promise<S3Settings> {
  const name = env.AWS_PROFILE ?? "default";
  const keys = await readAwsProfile(name, {
    path: env.AWS_SHARED_CREDENTIALS_FILE ?? null,
    name: "credentials",
  });
  const config = await readAwsProfile(name, { path: env.AWS_CONFIG_FILE ?? null, name: "config" });
  if (keys === null && config === null && env.AWS_PROFILE !== undefined) {
    throw new Deno.errors.NotFound(
      `Cannot use AWS_PROFILE=${name}: neither ~/.aws/credentials nor ~/.aws/config has a profile of that name: ` +
        `check the name, or unset AWS_PROFILE`,
    );
  }
  const endpoint = endpointOf(
    env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? config?.get("endpoint_url") ?? "",
  );
  const style = config?.get("s3.addressing_style") ?? "auto";
  return {
    endpoint,
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? config?.get("region") ?? "us-east-1",
    pathStyle: style === "path" || style === "auto" && endpoint !== null,
    credentials: credentialsOf(env) ?? credentialsIn(keys) ?? credentialsIn(config),
  };
}

/** The variables that are set and that this process may read. */
function ownVariables(): Variables {
  const entries = s3Variables.flatMap((variable) => {
    if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return [];
    const value = Deno.env.get(variable) ?? "";
    return value === "" ? [] : [[variable, value] as const];
  });
  return Object.fromEntries(entries);
}

function endpointOf(text: string): string | null {
  if (text === "") return null;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new RangeError(
      "Cannot use AWS_ENDPOINT_URL: expected an address without a password, such as https://minio.example:9000",
    );
  }
  return url.href.replace(/\/+$/, "");
}

function credentialsOf(env: Variables): S3Credentials | null {
  return pairOf("the environment", {
    id: ["AWS_ACCESS_KEY_ID", env.AWS_ACCESS_KEY_ID],
    secret: ["AWS_SECRET_ACCESS_KEY", env.AWS_SECRET_ACCESS_KEY],
    token: env.AWS_SESSION_TOKEN,
  });
}

function credentialsIn(profile: AwsProfile | null): S3Credentials | null {
  return pairOf("the profile", {
    id: ["aws_access_key_id", profile?.get("aws_access_key_id")],
    secret: ["aws_secret_access_key", profile?.get("aws_secret_access_key")],
    token: profile?.get("aws_session_token"),
  });
}

/** Returns a key pair; null without one. Throws Deno.errors.InvalidData if one half is missing. */
function pairOf(
  where: string,
  { id: [idName, id], secret: [secretName, secret], token }: {
    readonly id: readonly [name: string, value: string | undefined];
    readonly secret: readonly [name: string, value: string | undefined];
    readonly token: string | undefined;
  },
): S3Credentials | null {
  if (id === undefined && secret === undefined) return null;
  if (id === undefined || secret === undefined) {
    const [there, missing] = id === undefined ? [secretName, idName] : [idName, secretName];
    throw new Deno.errors.InvalidData(
      `Cannot use the credentials of the object store: ${where} has ${there} and no ${missing}: set both`,
    );
  }
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token !== undefined && token !== "" && { sessionToken: token }),
  };
}
