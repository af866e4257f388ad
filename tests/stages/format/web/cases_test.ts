/**
 * Small pages and archives from public bug reports: those of `cases/README.md`, parts A and B, beside the
 * shared data. Further inputs of the same kinds are made by the tests that each row names.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { articleText } from "../../../../stages/format/web/article_text.ts";
import { decodePage } from "../../../../stages/format/web/charset/decode_page.ts";
import { warcFile } from "../../../../stages/source/files/warc.ts";
import { sharedTest } from "../../../shared_data.ts";
import { read } from "../../source/source_checks.ts";

/** What each page must give: the number of its lines, and some that must be among them. */
const pages: Readonly<Record<string, readonly [lines: number, ...wanted: string[]]>> = {
  // trafilatura#431, readability#745: article_kinds_test.ts and prose_test.ts
  "list_of_films": [14, "Casablanca (1942)", "Vertigo (1958)", "Jules and Jim (1962)"],
  "short_paragraphs": [
    13,
    "Source code is available on GitHub.",
    "Related work is discussed in the next part.",
  ],
  // trafilatura#887: article_kinds_test.ts, prose_test.ts
  "sphinx_sections": [29, "Social impact", "Related work"],
  // datatrove#135: prose_test.ts
  "cjk_zh": [10],
  "cjk_ja": [8],
  "cjk_hi": [8],
  // linkedom#281, html5-php#166: article_kinds_test.ts, parse_page_test.ts
  "omitted_head_end": [5],
  "omitted_all": [5],
  "omitted_head_end_body_tag": [1, "Short note."],
  // tidy-html5#633: parse_page_test.ts, with linear_pages.ts
  "deep700_doctype": [4],
  "deep1000_doctype": [1, "Deep text here, with words enough, to be prose."],
  // trafilatura#553: article_kinds_test.ts
  "pre_token_lines": [5, "for i in range(3):", "    a(i)", "    b(i)"],
  "pre_indent": [6],
  "pre_divs": [5, "for i:", "    a()", "        b()"],
  "github_code": [4, "if a:", "    b = 2"],
  "code_table": [5, "a = 1", "if a:", "    b = 2"],
  // readability#561: article_kinds_test.ts
  "mathml": [3, "Energy E=mc^2 is known, and \\(a^2+b^2\\) too."],
  "katex": [3, "Here x is a number."],
  "wiki_math": [3, "Here y is a number."],
  "mathjax_script": [3, "Here \\frac{a}{b} is a ratio."],
};

sharedTest(
  "articleText() gives the lines of the pages of cases/README.md",
  Object.keys(pages).map((name) => `../cases/data/html/${name}.html`),
  (path) => {
    for (const [name, [count, ...wanted]] of Object.entries(pages)) {
      const text = articleText(Deno.readTextFileSync(path(`../cases/data/html/${name}.html`)));
      const lines = text.split("\n").filter((line) => line !== "");
      strictEqual(lines.length, count, `${name}: ${text}`);
      for (const line of wanted) ok(lines.includes(line), `${name}: ${line} in ${text}`);
    }
  },
);

const cyrillic = "Река течёт медленно", french = "Le café près de l’église";

/** How the text of each page begins. */
const charsets: Readonly<Record<string, string>> = {
  // html-encoding-sniffer#10, #13; warc2zim#312; webarchive-discovery#301; the standards: decode_page_test.ts
  "none_gbk": "河水缓缓地流着",
  "none_sjis": "川はゆっくりと流れ",
  "none_euckr": "강물은 천천히 흐르고",
  "none_cp1251": cyrillic,
  "meta_late_gbk": "河水缓缓地流着",
  "meta_late_sjis": "川はゆっくりと流れ",
  "meta_latin1_is_utf8": french,
  "meta_utf8_is_cp1251": cyrillic,
  "utf8_one_bad_byte": "Le café près de l’église était ferm\ufffd, mais",
  "meta_comment": cyrillic,
  "meta_quoted_attr": cyrillic,
  "xmldecl": cyrillic,
  "meta_user_defined": french,
  "utf16le_bom": french,
  "utf16le_nobom": french,
};

sharedTest(
  "decodePage() reads the charsets of the pages of cases/README.md",
  Object.keys(charsets).map((name) => `../cases/data/charset/${name}.html`),
  (path) => {
    for (const [name, begin] of Object.entries(charsets)) {
      const bytes = Deno.readFileSync(path(`../cases/data/charset/${name}.html`));
      const text = articleText(decodePage(bytes, null));
      strictEqual(text.slice(0, begin.length), begin, name);
      strictEqual(text.split("\ufffd").length, name === "utf8_one_bad_byte" ? 2 : 1, name);
    }
  },
);

const rivers = "Paragraph 0 tells about riv";

/** How the documents of each archive begin, each of four paragraphs, or why records were dropped. */
const archives: Readonly<Record<string, readonly string[]>> = {
  // jwarc#98, urllib3#75, pywb#947, pywb#584: content_coding_test.ts
  ...Object.fromEntries(
    [
      "zstd_body",
      "gzip_tail_junk",
      "gzip_badcrc",
      "gzip_double",
      "gzip_in_te",
      "gzip_magic_no_header",
      "gzip_two_members",
      "br_marked_not",
      "deflate_raw",
      "chunk_ext",
      "chunk_undone",
      "http2",
      "http_100",
      "resource",
    ].map((name) => [`${name}.warc`, [rivers]]),
  ),
  // webarchive-discovery#301: decode_page_test.ts
  "ct_latin1_utf8_body.warc": ["Paragraph 0 tells about rivièr"],
  "utf8_cut_mid_char.warc": [french],
  // the standards: decode_page_test.ts, content_coding_test.ts
  "http_ct_twice.warc": ["Paragraph 0 tells about реки"],
  "http_folded.warc": ["Paragraph 0 tells about реки"],
  "ct_quoted_space.warc": ["Paragraph 0 tells about реки"],
  // warcio#118: warc_test.ts of the sources
  "dict.warc.zst": ["Paragraph 0 tells about 00000", "Paragraph 0 tells about 11111"],
  "nodict.warc.zst": ["Paragraph 0 tells about 00000", "Paragraph 0 tells about 11111"],
  // kinds of records: warc_test.ts of the sources
  "revisit.warc": ["dropped: revisit"],
  "http_404.warc": ["dropped: http_error"],
};

sharedTest(
  "warcFile() reads the archives of cases/README.md",
  Object.keys(archives).map((name) => `../cases/data/warc/${name}`),
  async (path) => {
    for (const [name, begins] of Object.entries(archives)) {
      const { items, dropped } = await read(warcFile(path(`../cases/data/warc/${name}`)));
      const found = items.map(({ text }, i) => text.slice(0, begins[i]?.length ?? 40));
      deepStrictEqual([...found, ...dropped.map((reason) => `dropped: ${reason}`)], begins, name);
      for (const { text } of items) strictEqual(text.split("\n\n").length, 4, name);
    }
  },
);
