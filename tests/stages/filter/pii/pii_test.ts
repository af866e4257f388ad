/**
 * Tests the masking of addresses: on datatrove's own table of inputs and outputs, on short random texts with
 * datatrove's pattern as the reference, and on texts for which that pattern would not finish.
 *
 * @module
 */
import { EmailAddresses } from "../../../../stages/filter/pii/email_addresses.ts";
import { isGlobal } from "../../../../stages/filter/pii/ip_addresses.ts";
import { pii, type PiiOptions } from "../../../../stages/filter/pii/pii.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import type { Document } from "../../../../stages/items.ts";
import { embedded } from "../../../../stages/source/embedded/embedded.ts";
import { equal, openFilter } from "../filter_checks.ts";

const named = { emails: ["EMAIL"], ipAddresses: ["IP"] };

async function masker(options: PiiOptions = {}): Promise<(text: string) => string> {
  const filter = await openFilter(pii(options));
  return (text) => filter(text).doc.text;
}

Deno.test("pii() masks the addresses in datatrove's table as datatrove does", async () => {
  const mask = await masker(named);
  const ips: readonly (readonly [text: string, masked: string])[] = [
    ...("999.999.999.999. 108.0.0.01 0.1.2.3 00.0000.00.00 192.168.l.1 912.456.123.123 192.168.o.0 172.16.0.9 172.16.4.1 " +
      "172.17.1.1 127.0.0.2 10.0.1.5 10.0.0.1 10.155.155.155 10.255.255.254 172.16.0.4 172.16.0.1 172.31.254.254 " +
      "192.168.1.2 192.168.254.0").split(" ").map((text) => [text, text] as const),
    ...("163.36.107.25 114.35.103.54 57.120.21.121 13.83.69.70 29.116.31.158 193.163.229.23 211.160.67.46 4.132.211.142 " +
      "214.70.227.4 35.88.121.75").split(" ").map((text) => [text, "IP"] as const),
    [".3.3.3.0", ".IP"],
  ];
  const emails: readonly (readonly [text: string, masked: string])[] = [
    ...("email@example.com firstname.lastname@example.com email@subdomain.example.com firstname+lastname@example.com " +
      "email@123.123.123.123 email@[123.123.123.123] 1234567890@example.com email@example-one.com _______@example.com " +
      "email@example.name email@example.museum email@example.co.jp firstname-lastname@example.com NAME@MYSITE.COM " +
      "email@example.web email@111.222.333.44444").split(" ").map((text) => [text, "EMAIL"] as const),
    ...('"email"@example.com much.”more\\ unusual”@example.com plainaddress #@%^%#$@#$@#.com @example.com ' +
      "email.example.com email.@example.com あいうえお@example.com email@example email@-example.com email@example..com " +
      "”(),:;<>[\\]@example.com").split(" ").map((text) => [text, text] as const),
    ["very.unusual.”@”.unusual.com@example.com", "very.unusual.”@”.EMAIL"],
    ['very.”very@\\ "very”.unusual@strange.example.com', 'very.”very@\\ "very”.EMAIL'],
    ["Joe Smith <email@example.com>", "Joe Smith <EMAIL>"],
    ["email@example@example.com", "email@EMAIL"],
    [".email@example.com", ".EMAIL"],
    ["email..email@example.com", "email..EMAIL"],
    ["email@example.com (Joe Smith)", "EMAIL (Joe Smith)"],
    ["Abc..123@example.com", "Abc..EMAIL"],
    ["just”not”right@example.com", "just”not”EMAIL"],
    ['this\\ is"really"not\\allowed@example.com', 'this\\ is"really"not\\EMAIL'],
  ];
  for (const [text, masked] of [...ips, ...emails]) equal(mask(text), masked, text);
  const all = [...ips, ...emails];
  equal(mask(all.map(([text]) => text).join("\n")), all.map(([, masked]) => masked).join("\n"));
});

Deno.test("pii() with recipe release does not mask e-mail addresses with capitals", async () => {
  const mask = await masker({ ...named, recipe: "release" });
  equal(
    mask("NAME@MYSITE.COM name@mysite.com Name@mysite.com a@B.com"),
    "NAME@MYSITE.COM EMAIL Name@mysite.com a@B.com",
  );
  // There is a word boundary before the "!".
  equal(mask("Joe.Smith!x@mysite.org at 8.8.8.8"), "Joe.SmithEMAIL at IP");
});

Deno.test("pii() rotates replacements across documents", async () => {
  const mask = await masker();
  equal(mask("a@b.co, c@d.co"), "email@example.com, firstname.lastname@example.org");
  equal(mask("e@f.co"), "email@example.com");
  equal(mask("8.8.8.8 9.9.9.9"), "22.214.171.124 126.96.36.199");
  equal(mask("1.1.1.1"), "188.8.131.52");
});

Deno.test("pii() can be resumed after any item, and passes a document without addresses unchanged", async () => {
  const docs: Document[] = [];
  for await (const doc of from(embedded("spam-assassin")).stream()) if (docs.push(doc) === 12) break;
  await checkStage(() => pii(), docs);
  const filter = await openFilter(pii());
  const plain = { id: "1", text: "nobody@home, 10.0.0.1" };
  if (filter(plain).doc !== plain) throw new Error("The document was copied");
});

Deno.test("isGlobal() is false in networks that are not globally reachable", () => {
  const inside =
    "0.255.255.255 10.1.1.1 100.64.0.0 100.127.255.255 127.0.0.1 169.254.9.9 172.31.0.1 192.0.0.1 192.0.2.9 " +
    "192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.255 08.8.8.8 8.8.8.08";
  const outside =
    "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.1.1.1 128.0.0.0 169.253.1.1 172.15.0.1 " +
    "172.32.0.0 192.0.0.9 192.0.0.10 192.0.1.0 192.167.0.1 198.17.0.1 198.20.0.0 224.0.0.1 239.255.255.255 8.8.8.0";
  equal(inside.split(" ").filter(isGlobal), []);
  equal(outside.split(" ").filter((address) => !isGlobal(address)), []);
});

/**
 * The parts of the published pattern, with Python's \b written out. The pattern is correct but needs
 * quadratic time because it backtracks.
 */
const name = "[A-Za-z0-9!#$%&'*+\\/=?^_`{|}~\\-]+";
const label = "[A-Za-z0-9](?:[A-Za-z0-9\\-]*[A-Za-z0-9])?";
const octet = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)";
const word = "[\\p{L}\\p{N}_]";
const pattern = new RegExp(
  `(?:(?<!${word})(?=${word})|(?<=${word})(?!${word}))${name}(?:\\.${name})*@` +
    `(?:(?:${label}\\.)+${label}|\\[(?:${octet}\\.){3}(?:${octet}|[A-Za-z0-9\\-]*[A-Za-z0-9]:)\\])`,
  "gu",
);

Deno.test("EmailAddresses finds the same addresses as the pattern in random texts", () => {
  const addresses = new EmailAddresses("current");
  const parts = [
    ..."@@@@....--__!aAzZ09 é日²",
    "𝒳",
    "😀",
    "co",
    "org",
    "a.b",
    "[1.2.3.4]",
    "[1.2.3.x-y:]",
    "[300.1.1.1]",
  ];
  let seed = 11, found = 0;
  const random = (below: number) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % below;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: 1 + random(16) }, () => parts[random(parts.length)]).join("");
    const expected = text.replace(pattern, () => (found++, "<>"));
    equal(addresses.replace(text, () => "<>"), expected, JSON.stringify(text));
  }
  if (found < 500) throw new Error(`Only ${found} addresses in the random texts`);
});

Deno.test("pii() changes only addresses, and masking twice gives the same text", async () => {
  const plain = [
    "the price is 3.50",
    "é.x@y",
    "version 1.2.3",
    "@home",
    "a@b",
    "…",
    "line\nbreak",
    "10.0.0.1",
    "日本",
  ];
  const secret = ["joe.doe+x@mail.example.net", "X_1@a-b.org", "8.8.4.4", "151.101.1.69"];
  let seed = 5;
  const random = (below: number) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % below;
  for (let round = 0; round < 500; round++) {
    const words = Array.from({ length: random(12) }, () => [plain, secret][random(2)]).map((list) =>
      list[random(list.length)]
    );
    const mask = await masker(named);
    const expected = words.map((word) =>
      secret.includes(word) ? (word.includes("@") ? "EMAIL" : "IP") : word
    );
    equal(mask(words.join(" , ")), expected.join(" , "));
    const once = (await masker())(words.join(" , "));
    equal((await masker())(once), once);
  }
});

Deno.test("pii() takes linear time for any text", async () => {
  const size = 1_000_000; // UTF-16 units: quadratic time would take hours
  const mask = await masker();
  const parts = [
    "a",
    "a.",
    "a@",
    "@",
    "a@a",
    "a@a.",
    "1.",
    "-",
    "a-",
    "é.",
    "a.@",
    "!",
    "a@b-",
    "a@[1.1.1.",
    "a@[1.1.1.a",
  ];
  for (const part of parts) {
    const text = part.repeat(size / part.length);
    if (mask(`${text}@`).length < size / 4) throw new Error(`Much of the text is missing: ${part}`);
  }
  equal((await masker(named))(`${"a.".repeat(size / 2)}a@b.co`), "EMAIL");
});
