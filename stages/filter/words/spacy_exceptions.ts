/**
 * Exceptions of spaCy's English tokenizer: contractions, abbreviations, times and emoticons, each with its
 * tokens. They take precedence over the tokenizer's rules. Source: spaCy's language data for English
 * (spacy.io/usage/linguistic-features, "Special cases"; MIT licence).
 *
 * @module
 */

const pronouns = "i you he she it we they";
const questions = "who what when where why how there that this these those";
const negated = "ca could do does did had may might must need ought sha should wo would"; // can't, can't've
const negatedOnce = "ai are is was were have has dare"; // ain't, but not ain't've
/** Ordinary words that are spelled like a contraction without its apostrophe; they are not exceptions. */
const words = "Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore";

/** Exceptions that are a single token. */
const whole =
  "doin doin' goin goin' nothin nothin' nuthin nuthin' ol ol' somethin somethin' Doin Doin' Goin Goin' Nothin Nothin' " +
  "Nuthin Nuthin' Ol Ol' Somethin Somethin' em 'em ll 'll nuff 'nuff 'S 's ‘S ‘s and/or w/o 're 'Cause 'cause 'cos " +
  "'Cos 'coz 'Coz 'cuz 'Cuz 'bout ma'am Ma'am o'clock O'clock lovin' Lovin' lovin Lovin havin' Havin' havin Havin 'd " +
  "Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan. " +
  "Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. " +
  "S.C. Sep. Sept. Tenn. Va. Wash. Wis. a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. Gov. i.e. I.e. I.E. " +
  "Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s. " +
  "' \\\") <space> '' C++ \\t \\n — ä. ö. ü.";
/** Exceptions of several tokens, which "|" separates. */
const parted =
  "y'|all y|all how|'d|'y How|'d|'y not|'ve not|ve Not|'ve Not|ve can|not Can|not gon|na Gon|na got|ta " +
  "Got|ta let|'s Let|'s c'm|on C'm|on °|c|. °|f|. °|k|. °|C|. °|F|. °|K|.";
const emoticons =
  ":) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( :-(( " +
  ":((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= =[ :1 :P :-P :p :-p :O :-O :o :-o :0 :-0 :() >:o " +
  ":* :-* :3 :-3 =3 :> :-> :X :-X :x :-x :D :-D ;D ;-D =D xD XD xDD XDD 8D 8-D ^_^ ^__^ ^___^ >.< >.> <.< ._. ;_; -_- " +
  "-__- v.v V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0 o.0 0.o @_@ <3 <33 <333 </3 (^_^) (-_-) (._.) " +
  "(>_<) (*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>";

/** Returns a map from each exception to its tokens, whose concatenation is the exception. */
export function spacyExceptions(): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const put = (...parts: string[]): void => void found.set(parts.join(""), parts);
  /** Adds a word with endings: in lower case and capitalized, with and without apostrophes. */
  const contract = (word: string, ...endings: string[]): void => {
    for (const begin of [word, word[0].toUpperCase() + word.slice(1)]) {
      put(begin, ...endings);
      put(begin, ...endings.map((ending) => ending.replace("'", "")));
    }
  };

  for (let code = 97; code <= 122; code++) put(`${String.fromCharCode(code)}.`);
  for (const word of `${whole} ${emoticons}`.split(" ")) put(word);
  contract("i", "'m");
  contract("i", "'m", "a");
  for (const word of `${pronouns} ${questions}`.split(" ")) {
    contract(word, "'ll");
    contract(word, "'ll", "'ve");
    contract(word, "'d");
    contract(word, "'d", "'ve");
  }
  for (const word of "he she it who what when where why how there that this".split(" ")) contract(word, "'s");
  const plural = "you we they who what when where why how there these those".split(" ");
  for (const word of plural) contract(word, "'re");
  for (const word of ["i", ...plural]) contract(word, "'ve");
  for (const word of negated.split(" ")) {
    contract(word, "n't");
    contract(word, "n't", "'ve");
  }
  for (const word of "could might must should would".split(" ")) contract(word, "'ve");
  for (const word of negatedOnce.split(" ")) contract(word, "n't");
  for (let hour = 1; hour <= 12; hour++) {
    for (const half of ["a.m.", "am", "p.m.", "pm"]) put(`${hour}`, half);
  }
  for (const word of parted.split(" ")) put(...word.split("|"));
  for (const word of words.split(" ")) found.delete(word);
  for (const parts of [...found.values()]) {
    if (parts.some((part) => part.includes("'"))) put(...parts.map((part) => part.replaceAll("'", "’")));
  }
  return found;
}
