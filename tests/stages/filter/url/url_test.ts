/**
 * Tests the URL filter: the cases of datatrove's own test, each type of list, and lists from files.
 *
 * @module
 */
import { siteOf } from "../../../../stages/filter/url/site.ts";
import { url, type UrlOptions } from "../../../../stages/filter/url/url.ts";
import { readUrlLists } from "../../../../stages/filter/url/url_lists.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import { equal, openFilter } from "../filter_checks.ts";
import { contextWith } from "../../context.ts";

async function reasons(
  options: UrlOptions,
  cases: readonly (readonly [url: string, reason: string | null])[],
) {
  const filter = await openFilter(url(options));
  for (const [address, reason] of cases) {
    equal(filter({ id: "1", text: "text", url: address }).reason, reason, address);
  }
}

Deno.test("url() drops registered domains and full host names, in the cases of datatrove's test", async () => {
  await reasons({ extra: { domains: ["blocked.com", "danger.org", "badsubdomain.nice.com"] } }, [
    ["https://blocked.com/some-sub-url?with=stuff", "domain"],
    ["https://hey.danger.org/some-sub-url?with=stuff", "domain"],
    ["http://hey.danger.org/some-sub-url?with=stuff", "domain"],
    ["http://www.danger.org/some-sub-url?with=stuff", "domain"],
    ["https://nice.com/some-sub-url?with=stuff", null],
    ["https://badsubdomain.nice.com/some-sub-url?with=stuff", "subdomain"],
    ["https://sdsd.badsubdomain.nice.com/some-sub-url?with=stuff", null],
    ["https://blocke.dcom/some-sub-url?with=stuff", null],
    ["https://WWW.Danger.ORG/", "domain"],
  ]);
});

Deno.test("siteOf() handles public suffixes of several labels, and returns null for IP addresses and local names", async () => {
  equal(siteOf("http://user:p@News.Example.CO.UK:80/a"), {
    host: "news.example.co.uk",
    domain: "example.co.uk",
  });
  // blogspot.com is in the list's private part, which does not count as a public suffix.
  equal(siteOf("http://foo.blogspot.com/"), { host: "foo.blogspot.com", domain: "blogspot.com" });
  equal(
    ["http://1.2.3.4/", "http://localhost/", "http://co.uk/", "http://a.b.nowhere/", "", "?"].map(siteOf),
    [
      ...Array(6).fill(null),
    ],
  );
  await reasons({ extra: { domains: ["co.uk", "1.2.3.4", "localhost"] } }, [
    ["http://any.co.uk/", null],
    ["http://1.2.3.4/", null],
    ["http://localhost/", null],
  ]);
});

Deno.test("url() checks complete URLs, words, two soft words and subwords, in this order", async () => {
  const extra = {
    urls: ["http://a.com/x"],
    words: ["Casino"],
    softWords: ["free", "cheap", "deal"],
    subwords: ["poker-room", "xx"],
  };
  await reasons({ extra }, [
    ["http://a.com/x", "url"],
    ["http://a.com/x/", null],
    ["http://a.com/casino-free-cheap", "hard_blacklisted"],
    ["http://a.com/CASINO", null], // words are compared case-sensitively
    ["http://a.com/casinos", null],
    ["http://a.com/free-free", null], // the same word twice counts once
    ["http://a.com/free?x=cheap", "soft_blacklisted"],
    ["http://a.com/p-o/ker_ROOM1", "blacklisted_subword"],
    ["http://a.com/pokerroo", null],
  ]);
  await reasons({ extra, softWordThreshold: 1 }, [["http://a.com/deal", "soft_blacklisted"]]);
});

Deno.test("url() passes documents without a URL, and notes once that nothing is blocked", async () => {
  const notes: string[] = [];
  const stage = url();
  const ctx = contextWith({
    emit: (event: { type: string; text?: unknown }) => void notes.push(`${event.text}`),
  });
  const state = await stage.open(ctx);
  const push = (doc: { id: string; text: string; url?: string }) =>
    [...stage.push(doc, state, ctx) as unknown[]].length;
  equal([push({ id: "1", text: "a mail" }), notes.length], [1, 0]);
  equal([
    push({ id: "2", text: "a", url: "http://a.com" }),
    push({ id: "3", text: "a", url: "http://b.com" }),
  ], [1, 1]);
  equal([notes.length, notes[0].includes("--url-list")], [1, true]);
});

Deno.test("readUrlLists() reads folders and files, and ignores empty lines", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/lists`);
    await Deno.writeTextFile(`${dir}/lists/domains`, "# a comment\nBad.com\r\n\nworse.org");
    await Deno.writeTextFile(`${dir}/lists/banned_words.txt`, "#no\n\n-\nCa-sino\n");
    await Deno.writeTextFile(`${dir}/lists/notes.md`, "other.com");
    await Deno.writeTextFile(`${dir}/mine.txt`, "third.net\nhttp://a.com/page\n");
    const lists = await readUrlLists([`${dir}/lists`, `${dir}/mine.txt`]);
    equal([...lists.domains], ["bad.com", "worse.org", "third.net"]);
    equal([[...lists.words], [...lists.urls], [...lists.subwords]], [["casino"], ["http://a.com/page"], []]);
    await reasons({ lists: [`${dir}/lists`, `${dir}/mine.txt`] }, [
      ["http://www.bad.com/", "domain"],
      ["http://a.com/page", "url"],
      ["http://a.com/", null],
    ]);
    await Deno.mkdir(`${dir}/none`);
    for (
      const [path, message] of [[`${dir}/none`, "No block lists in"], [`${dir}/nowhere`, "does not exist"]]
    ) {
      const error = await readUrlLists([path]).catch((error) => error);
      if (!(error instanceof Error && error.message.includes(message))) throw new Error(`${path}: ${error}`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("url() can be resumed after any item, and accepts a URL of a million characters", async () => {
  const docs = ["http://a.com/", "http://bad.com/", undefined, "http://c.com/casino"].map((address, i) => ({
    id: `${i}`,
    text: "text",
    ...(address === undefined ? {} : { url: address }),
  }));
  await checkStage(() => url({ extra: { domains: ["bad.com"], words: ["casino"] } }), docs);
  await checkStage(() => url(), docs);
  await reasons({
    extra: { domains: ["bad.com"], words: ["b"], softWords: ["c"], subwords: ["aab", "aaaab"] },
  }, [
    [`http://good.com/${"a".repeat(1_000_000)}`, null],
    ["a.".repeat(500_000), null],
    ["-".repeat(1_000_000), null],
  ]);
});
