/**
 * Properties of pages that hold nothing but prose: whatever goes in comes out, in any language, with any
 * titles, ids and years.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { articleText } from "../../../../../stages/format/web/article_text.ts";

/** Short sentences in twelve languages; the second and third could be taken for captions or notices. */
const sentences: Readonly<Record<string, readonly string[]>> = {
  en: [
    "The river flows slowly past the old harbour, and nobody waits.",
    "Source code is available on GitHub.",
    "Maria Gomez (2004)",
  ],
  de: [
    "Der Fluss fließt langsam am alten Hafen vorbei, und niemand wartet.",
    "Bilder werden als PNG gespeichert.",
    "Anna Schmidt (1998)",
  ],
  fr: [
    "La rivière coule lentement devant le vieux port, et personne n'attend.",
    "Les droits d'auteur protègent les livres.",
    "Jean Dupont (2011)",
  ],
  es: [
    "El río pasa despacio por el puerto viejo, y nadie espera.",
    "Publicado en mayo de 2003.",
    "Luis Ortega (1987)",
  ],
  ru: [
    "Река медленно течёт мимо старой гавани, и никто не ждёт.",
    "Фото хранятся в архиве.",
    "Анна Петрова (2001)",
  ],
  zh: ["河水缓缓地流过旧码头，没有人在等。", "照片存放在档案馆里。", "王小明（2004）"],
  ja: ["川は古い港のそばをゆっくり流れ、誰も待っていない。", "写真は資料館にある。", "山田花子（1999）"],
  hi: ["नदी पुराने बंदरगाह के पास धीरे बहती है।", "चित्र संग्रह में रखे हैं।", "अनिता शर्मा (2010)"],
  ar: ["يجري النهر ببطء قرب الميناء القديم، ولا أحد ينتظر.", "الصور محفوظة في الأرشيف.", "ليلى حسن (2005)"],
  he: ["הנהר זורם לאט ליד הנמל הישן, ואיש אינו מחכה.", "התמונות שמורות בארכיון.", "דנה לוי (2012)"],
  ko: [
    "강물은 낡은 선착장 옆을 천천히 흐르고 아무도 기다리지 않는다.",
    "사진은 기록관에 있다.",
    "김민수 (2008)",
  ],
  th: ["แม่น้ำไหลช้าๆ ผ่านท่าเรือเก่าและไม่มีใครรอ", "ภาพเก็บไว้ในหอจดหมายเหตุ", "สมชาย ใจดี (2015)"],
};

const ids = [
  "introduction",
  "related-work",
  "social-impact",
  "share-of-cost",
  "popular-methods",
  "comments-on-law",
  "author-rights",
];

for (const [language, lines] of Object.entries(sentences)) {
  Deno.test(`articleText() keeps every leaf of pages of prose only: ${language}`, () => {
    let state = 7;
    const below = (n: number) => (state = Math.imul(state, 1103515245) + 12345 >>> 1) % n;
    for (let round = 0; round < 60; round++) {
      const leaves: string[] = [];
      const leaf = () => {
        leaves.push(`${lines[below(3)]} ${1900 + below(130)}`);
        return leaves.at(-1)!;
      };
      const block = (): string => {
        switch (below(7)) {
          case 0:
            return `<p>${leaf()}`;
          case 1:
            return `<ul>${`_`.repeat(1 + below(9)).replace(/_/g, () => `<li>${leaf()}`)}</ul>`;
          case 2:
            return `<h2>${leaf()}</h2>`;
          case 3:
            return `<table>${
              "_".repeat(1 + below(4)).replace(/_/g, () => `<tr><td>${leaf()}<td>${leaf()}`)
            }</table>`;
          case 4:
            return `<section id="${ids[below(ids.length)]}"><h2>${leaf()}</h2><p>${leaf()}</p></section>`;
          case 5:
            return `<blockquote><p>${leaf()}</blockquote>`;
          default:
            return `<div>${leaf()}</div>`;
        }
      };
      const inner = Array.from({ length: 1 + below(12) }, block).join("");
      const holder = ["article", "main", "div", "body"][below(4)];
      const text = articleText(`<!DOCTYPE html><title>${lines[0]}</title><${holder}>${inner}</${holder}>`);
      for (const wanted of leaves) {
        strictEqual(text.includes(wanted), true, `${wanted} of ${inner} in ${text}`);
      }
    }
  });
}

for (const [language, [sentence]] of Object.entries(sentences)) {
  Deno.test(`articleText() keeps every paragraph between menus, and no menu: ${language}`, () => {
    for (const holder of ["div", 'div class="content"', "article", 'td class="text"']) {
      const paragraphs = Array.from(
        { length: 8 },
        (_, i) => `${i}: ${`${sentence} `.repeat(1 + i % 3)}`.trim(),
      );
      const name = holder.split(" ")[0],
        links = (word: string) =>
          Array.from({ length: 6 }, (_, i) => `<li><a href="/${i}">${word} ${i}</a></li>`).join("");
      const inner = paragraphs.map((text) => `<p>${text}</p>`).join("");
      const body = name === "td"
        ? `<table><tr><${holder}>${inner}</td></table>`
        : `<${holder}>${inner}</${name}>`;
      const text = articleText(
        `<!DOCTYPE html><title>${sentence}</title><body><nav><ul>${
          links("Menu")
        }</ul></nav><h1>${sentence}</h1>` +
          `${body}<div class="sidebar"><ul>${links("Side")}</ul></div><footer><ul>${
            links("Foot")
          }</ul></footer>`,
      );
      for (const wanted of paragraphs) strictEqual(text.includes(wanted), true, `${wanted} in ${text}`);
      for (const word of ["Menu", "Side", "Foot"]) strictEqual(text.includes(word), false, text);
    }
  });
}
