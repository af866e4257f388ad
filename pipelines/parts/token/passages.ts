/**
 * Texts on which vocabularies are compared: one passage in several languages, and other kinds of text. All
 * were written for this project. The versions of the passage are translations of each other, so their numbers
 * of tokens can be compared.
 *
 * @module
 */

/** A text whose tokens are counted. */
export interface Passage {
  /** Name of the text, at most ten columns wide. */
  readonly label: string;
  readonly text: string;
  /** Whether the text is a translation of the English passage. */
  readonly translated: boolean;
}

const languages: readonly (readonly [label: string, text: string])[] = [
  [
    "English",
    "Before a model can read a text, the text is cut into pieces. Frequent words stay whole, rare ones fall apart, and every piece has a number. The fewer pieces a sentence needs, the more of it the model sees at once.",
  ],
  [
    "German",
    "Bevor ein Modell einen Text lesen kann, wird der Text in Stücke geschnitten. Häufige Wörter bleiben ganz, seltene zerfallen, und jedes Stück hat eine Nummer. Je weniger Stücke ein Satz braucht, desto mehr davon sieht das Modell auf einmal.",
  ],
  [
    "French",
    "Avant qu'un modèle puisse lire un texte, le texte est coupé en morceaux. Les mots fréquents restent entiers, les mots rares se défont, et chaque morceau a un numéro. Moins une phrase demande de morceaux, plus le modèle en voit d'un seul coup.",
  ],
  [
    "Spanish",
    "Antes de que un modelo pueda leer un texto, el texto se corta en trozos. Las palabras frecuentes quedan enteras, las raras se deshacen, y cada trozo tiene un número. Cuantos menos trozos necesita una frase, más de ella ve el modelo de una vez.",
  ],
  [
    "Polish",
    "Zanim model może przeczytać tekst, tekst jest cięty na kawałki. Częste słowa zostają w całości, rzadkie się rozpadają, a każdy kawałek ma numer. Im mniej kawałków potrzebuje zdanie, tym więcej model widzi naraz.",
  ],
  [
    "Turkish",
    "Bir model bir metni okumadan önce metin parçalara ayrılır. Sık geçen kelimeler bütün kalır, nadir olanlar bölünür ve her parçanın bir numarası vardır. Bir cümle ne kadar az parça gerektirirse, model onun o kadar çoğunu bir anda görür.",
  ],
  [
    "Russian",
    "Прежде чем модель сможет прочитать текст, его режут на куски. Частые слова остаются целыми, редкие распадаются, и у каждого куска есть номер. Чем меньше кусков нужно предложению, тем больше модель видит за один раз.",
  ],
  [
    "Arabic",
    "قبل أن يستطيع النموذج قراءة نص، يُقطَّع النص إلى أجزاء. تبقى الكلمات الشائعة كاملة، وتتفكك الكلمات النادرة، ولكل جزء رقم. كلما احتاجت الجملة إلى أجزاء أقل، رأى النموذج منها أكثر في المرة الواحدة.",
  ],
  [
    "Hindi",
    "मॉडल किसी पाठ को पढ़ सके, उससे पहले पाठ को टुकड़ों में काटा जाता है। आम शब्द पूरे रहते हैं, दुर्लभ शब्द टूट जाते हैं, और हर टुकड़े का एक नंबर होता है। वाक्य को जितने कम टुकड़े चाहिए, मॉडल उसका उतना ही अधिक हिस्सा एक साथ देखता है।",
  ],
  [
    "Chinese",
    "模型读一段文字之前，文字先被切成小块。常见的词保持完整，少见的词会被拆开，每一块都有一个编号。一句话需要的块越少，模型一次能看到的内容就越多。",
  ],
  [
    "Japanese",
    "モデルが文章を読む前に、文章は小さな断片に切り分けられます。よく使われる単語はそのまま残り、珍しい単語はばらばらになり、それぞれの断片に番号が付きます。文に必要な断片が少ないほど、モデルは一度に多くを見ることができます。",
  ],
  [
    "Korean",
    "모델이 글을 읽기 전에 글은 작은 조각으로 나뉩니다. 자주 쓰이는 단어는 그대로 남고, 드문 단어는 쪼개지며, 모든 조각에는 번호가 있습니다. 문장에 필요한 조각이 적을수록 모델은 한 번에 더 많은 내용을 봅니다.",
  ],
];

const others: readonly (readonly [label: string, text: string])[] = [
  [
    "Python",
    "def mean(values):\n    total = 0\n    for value in values:\n        if value is not None:\n            total += value\n    return total / len(values)\n",
  ],
  ["numbers", "127 + 677 = 804\n3.14159265358979\n2024-02-16 08:30:05\n1,234,567 + 7,654,321 = 8,888,888\n"],
  ["emoji", "🙂 👍🏽 👩‍👩‍👧‍👦 🇺🇳 🏳️‍🌈 ❤️ 🦜\n"],
];

/** All passages, the English one first. */
export const passages: readonly Passage[] = [
  ...languages.map(([label, text]) => ({ label, text, translated: true })),
  ...others.map(([label, text]) => ({ label, text, translated: false })),
];
