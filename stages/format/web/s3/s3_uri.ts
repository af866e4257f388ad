/**
 * Addresses of objects in an object store: `s3://BUCKET/KEY`.
 *
 * @module
 */

/** An object, or all objects whose keys begin with `key`. */
export interface S3Place {
  readonly bucket: string;
  /** Key of the object, or a prefix of keys; empty for the whole bucket. */
  readonly key: string;
}

/** Returns whether a path is the address of an object or of a prefix. */
export function isS3(path: string): boolean {
  return /^s3:\/\//i.test(path);
}

/** Divides an address into bucket and key. Throws RangeError for one without a valid bucket. */
export function s3PlaceOf(uri: string): S3Place {
  const found = /^s3:\/\/([a-z\d][\w.-]{2,62})(?:\/(.*))?$/is.exec(uri);
  if (found === null) {
    throw new RangeError(
      `Cannot use ${uri}: expected s3://BUCKET/KEY, where BUCKET has 3 to 63 letters, digits, - and .`,
    );
  }
  const [, bucket, key = ""] = found;
  if (/(^|\/)\.\.?(\/|$)/.test(key)) {
    throw new RangeError(`Cannot use ${uri}: a part of a key cannot be . or ..: leave it out`);
  }
  return { bucket, key };
}

/** Returns the address of an object. */
export function s3UriOf({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`;
}
