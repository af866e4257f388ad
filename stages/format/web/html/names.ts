/**
 * What the class and the id of an element say about its role on the page.
 *
 * @module
 */

/** Roles that a name can state. Each has the words that stand for it in class names. */
const wordsByRole = {
  navigation:
    "nav navbar navigation navi menu submenu subnav breadcrumb breadcrumbs pagination pager paging " +
    "paginator tabs toolbar skip sitemap dropdown topbar linklist",
  comments: "comment comments commentlist commentaires kommentare kommentar disqus respond reply replies " +
    "discussion guestbook feedback commentform",
  share:
    "share sharing shares shariff sharedaddy social sociable socials addthis addtoany sharethis facebook " +
    "twitter whatsapp pinterest follow like likes",
  related:
    "related recommended recommendations recommendation recommend similar popular mostread trending teaser teasers " +
    "more next prev previous latest recent outbrain taboola suggested suggestions upnext readmore relatedposts topstories " +
    "carousel slider ticker",
  author: "author byline bio authorbox vcard",
  details:
    "meta metadata date dateline time timestamp published posted category categories tag tags tagcloud keywords " +
    "postmeta postinfo rating ratings vote votes print info permalink edit stats count views",
  caption:
    "caption captions figcaption credit credits copyright gallery image photo picture thumbnail thumb media",
  advertisement:
    "ad ads advert adverts advertisement advertising anzeige sponsor sponsored promo promotion banner adsense dfp " +
    "affiliate werbung",
  footer: "footer foot colophon bottom impressum disclaimer legal",
  header: "header masthead head top topbar logo branding",
  sidebar: "sidebar aside side rail secondary skyscraper marginal widget widgets sidebars complementary",
  consent:
    "cookie cookies consent gdpr privacy notice notification alert modal popup overlay dialog lightbox tooltip message",
  form:
    "form search searchform login signup signin register newsletter subscribe subscription contact button buttons input cart " +
    "checkout filter",
  content:
    "content article post entry story body text maintext hentry prose markdown articlebody postcontent main " +
    "storybody bodytext fulltext articletext beitrag artikel newstext contentmain",
} as const;

/** A role of a part of a page. */
export type Role = keyof typeof wordsByRole;

/** All roles. */
export const roles = Object.keys(wordsByRole) as Role[];

/** Words that say only how a part is built, so they may stand beside the word of a role. */
const neutral = new Set(
  ("list lists box boxes wrapper wrap container area section sections block blocks bar bars item items inner outer page site " +
    "top bottom left right title links link icon icons row col column group module component panel holder region view views " +
    "single default primary global post posts article articles entry content main news blog stories story single the and of by on to " +
    "full small large big desktop mobile js css ul li div wide grid flex card cards widget widgets node field type web div text " +
    "footer header sidebar heading element elements template builder label labels line lines").split(" "),
);

const roleOfWord = new Map<string, Role[]>();
for (const role of roles) {
  for (const word of wordsByRole[role].split(" ")) {
    roleOfWord.set(word, [...roleOfWord.get(word) ?? [], role]);
  }
}

/** Strengths of the roles in a name: 1 for a name of known words only, less for one that also has others. */
export type RoleStrengths = Float32Array;

const none: RoleStrengths = new Float32Array(roles.length);
const known = new Map<string, RoleStrengths>();
const MAX_KNOWN = 20_000; // entries of the cache
const MAX_PREFIX = 3;

/**
 * Returns the strengths of the roles in a class or id, in the order of `roles`: "post-comments" is a role, 1;
 * "social-impact" holds the word of one, 0.3.
 */
export function rolesIn(names: string): RoleStrengths {
  if (names === "") return none;
  const found = known.get(names);
  if (found !== undefined) return found;
  const strengths = new Float32Array(roles.length);
  for (const name of names.split(/\s+/)) {
    const words = wordsOf(name);
    if (words.length === 0 || words.length > 8) continue;
    // A short word at the front may be the mark of a theme: td-related-posts.
    const foreignWords = words.filter((word, i) =>
      !roleOfWord.has(word) && !neutral.has(word) && !(i === 0 && word.length <= MAX_PREFIX)
    );
    const strength = foreignWords.length === 0
      ? 1
      : foreignWords.length === 1 && words.length > 2
      ? 0.5
      : 0.3;
    for (const word of words) {
      for (const role of roleOfWord.get(word) ?? []) {
        const at = roles.indexOf(role);
        strengths[at] = Math.max(strengths[at], strength);
      }
    }
  }
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(names, strengths);
  return strengths;
}

/** Returns the words of a name: "articleCaption main-photo2" → article, caption, main, photo. */
export function wordsOf(name: string): string[] {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/).filter((word) =>
    word !== ""
  );
}
