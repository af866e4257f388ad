/**
 * Formats of strings in JSON schemas (JSON Schema 2020-12, section 7.3) as patterns. Each allows only what
 * the format does, and leaves out rare forms, such as leap seconds.
 *
 * @module
 */

const year = "[0-9]{4}",
  leap = "(?:(?:[02468][048]|[13579][26])00|[0-9]{2}(?:0[48]|[2468][048]|[13579][26]))";
const date = `(?:${year}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|` +
  `(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|${leap}-02-29)`; // RFC 3339
const hour = "(?:[01][0-9]|2[0-3])", sixty = "[0-5][0-9]";
const time = `${hour}:${sixty}:${sixty}(?:\\.[0-9]{1,6})?(?:Z|[+-]${hour}:${sixty})`; // RFC 3339
const count = "[0-9]{1,4}";
const daytime = `T(?:${count}H(?:${count}M(?:${count}S)?)?|${count}M(?:${count}S)?|${count}S)`;
const days = `(?:${count}Y(?:${count}M(?:${count}D)?)?|${count}M(?:${count}D)?|${count}D)`;
const duration = `P(?:${days}(?:${daytime})?|${daytime}|${count}W)`; // RFC 3339, appendix A
const label = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,30}"; // RFC 1123: at most 63 characters
const word = "[A-Za-z0-9_+-]+";
const byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])", ipv4 = `${byte}(?:\\.${byte}){3}`;
const group = "[0-9A-Fa-f]{1,4}";
const ipv6 = [
  `(?:${group}:){7}${group}`,
  ...[1, 2, 3, 4, 5, 6].map((i) => `(?:${group}:){${i}}(?::${group}){1,${7 - i}}`),
  `:(?::${group}){1,7}`,
  `(?:${group}:){1,7}:`,
].join("|"); // RFC 4291
const unreserved = "[A-Za-z0-9._~-]", pathPart = `(?:${unreserved}|%[0-9A-F]{2}|[!$&'()*+,;=:@])`;
const tail = `(?:/${pathPart}*)*(?:\\?(?:${pathPart}|[/?])*)?(?:#(?:${pathPart}|[/?])*)?`;
const host = `${label}(?:\\.${label}){0,2}`; // at most 253 characters
// RFC 3986
const uri = `(?:https?://${host}(?::[1-9][0-9]{0,3})?${tail}|mailto:${word}(?:\\.${word})*@${host})`;

/** Patterns of whole texts, by the name of the format. */
const patterns: Readonly<Record<string, string>> = {
  date,
  time,
  duration,
  ipv4,
  ipv6,
  uri,
  "date-time": `${date}T${time}`,
  email: `${word}(?:\\.${word})*@(?:${label}\\.){1,2}[A-Za-z]{2,24}`, // RFC 5321
  hostname: host,
  uuid: "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", // RFC 9562
};

/** Formats that JSON Schema defines, and that no pattern here describes. */
const unsupported = [
  "idn-email",
  "idn-hostname",
  "uri-reference",
  "iri",
  "iri-reference",
  "uri-template",
  "json-pointer",
  "relative-json-pointer",
  "regex",
];

/**
 * Returns the pattern of a format's texts. Returns null for a format that JSON Schema defines and that is not
 * supported, and undefined for other names, which describe a text and do not restrict it.
 */
export function formatPattern(name: string): string | null | undefined {
  if (Object.hasOwn(patterns, name)) return `^(?:${patterns[name]})$`;
  return unsupported.includes(name) ? null : undefined;
}
