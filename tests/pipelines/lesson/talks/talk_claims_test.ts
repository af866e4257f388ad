/** Tests the sentences of the lessons on talks that have more than two outcomes, at the limits of each. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { type Claim, claim } from "../../../../pipelines/lesson/claim.ts";
import {
  guardSaves,
  nothingToLearnFrom,
  smallRateKeeps,
} from "../../../../pipelines/lesson/collapse/collapse_claims.ts";
import {
  judgeLearnsTheHack,
  truthFalls,
  truthRisesFirst,
} from "../../../../pipelines/lesson/hacking/hacking_claims.ts";
import { knowsWhatItKnows } from "../../../../pipelines/lesson/hallucination/hallucination_claims.ts";
import { drawingsAreRead, moreCodesKeepMore } from "../../../../pipelines/lesson/images/images_claims.ts";
import {
  littleIsEnough,
  trainingDefends,
  usersStillCorrect,
} from "../../../../pipelines/lesson/security/security_claims.ts";
import {
  priceShortens,
  stepsAreBetter,
  thinkingIsFound,
} from "../../../../pipelines/lesson/thinking/thinking_claims.ts";
import {
  answersGetLonger,
  calculatorIsRight,
  rewardsHelp,
} from "../../../../pipelines/lesson/tools/tools_claims.ts";

/** Returns a claim's sentence for some values, after checking whether it holds. */
function told<M>(statement: Claim<M>, holds: boolean, measured: M): string {
  const item = claim(statement, measured);
  if (item.kind !== "claim") throw new TypeError(item.kind);
  strictEqual(item.holds, holds, item.text);
  return item.text;
}

Deno.test("policy-collapse: equal rewards mean nothing where answers are right, and no guard is blamed", () => {
  match(told(nothingToLearnFrom, true, { reward: .09, equal: .51 }), /cannot lead back\.$/);
  match(told(nothingToLearnFrom, false, { reward: .1, equal: .51 }), /some answers are still right\.$/);
  match(told(nothingToLearnFrom, false, { reward: .09, equal: .5 }), /in the others, rewards still tell/);
  match(told(guardSaves, false, { guarded: .9, unguarded: .9, rollbacks: 0 }), /It never went back\.$/);
  match(
    told(guardSaves, false, { guarded: .15, unguarded: 0, rollbacks: 1 }),
    /once, which did not help much/,
  );
  match(told(guardSaves, true, { guarded: .16, unguarded: 0, rollbacks: 2 }), /It went back 2 times\.$/);
  told(smallRateKeeps, true, { rate: 1, before: 0, after: 0 });
});

Deno.test("llm-security: a defence is praised where it holds, and costs what was there before", () => {
  match(told(trainingDefends, true, trainingDefends.cases.yes), /The defence holds against the attacks/);
  doesNotMatch(told(trainingDefends, false, trainingDefends.cases.no), /holds/);
  match(told(usersStillCorrect, false, { before: .5, after: .5 }), /are in 50 % after it\.$/);
  match(told(usersStillCorrect, false, { before: .7, after: .5 }), /after it: it cost something\.$/);
  told(usersStillCorrect, true, { before: .9, after: .81 });
  told(usersStillCorrect, false, { before: .99, after: .88 });
});

Deno.test("llm-security: enough poison is the least share from which on the trigger works", () => {
  const results = (...payloads: number[]) => ({
    results: payloads.map((payload, i) => ({ share: [1 / 256, 1 / 64, 1 / 16][i], payload })),
  });
  match(told(littleIsEnough, true, results(.9, .51, .51)), /in most cases from 0\.4 % of/);
  match(told(littleIsEnough, true, results(.5, .51, .51)), /in most cases from 1\.6 % of/);
  told(littleIsEnough, false, results(.9, .5, .51)); // 6.3 % are not few
  told(littleIsEnough, false, results(.9, .9, .5));
});

Deno.test("images: torn drawings are told, and gains are compared one by one", () => {
  match(
    told(drawingsAreRead, true, { right: .7, pictures: 100, whole: 97 }),
    /; 3 % are not whole, so that it cannot read them\.$/,
  );
  doesNotMatch(told(drawingsAreRead, true, { right: .7, pictures: 100, whole: 100 }), /whole/);
  match(told(moreCodesKeepMore, true, { distances: [4, 2, 1] }), /; each brings less than the one before\.$/);
  doesNotMatch(told(moreCodesKeepMore, true, { distances: [4, 3, 2] }), /less/);
  match(told(moreCodesKeepMore, false, { distances: [4, 5, 2] }), /not every doubling/);
});

Deno.test("reward-hacking: the truth rises in the first half, and new hacks are told where a judge is wrong", () => {
  const risen = { before: .4, best: .46, update: 19, updates: 40, isUseful: true };
  match(told(truthRisesFirst, true, risen), /what pleases it is right more often\.$/);
  match(told(truthRisesFirst, true, { ...risen, isUseful: false }), /around update 19 of 40\.$/);
  doesNotMatch(told(truthRisesFirst, false, { ...risen, update: 20 }), /never/);
  match(told(truthRisesFirst, false, { ...risen, best: .44 }), /: it never rises much\.$/);
  told(truthFalls, true, { best: .66, last: .32, judged: .53 });
  told(truthFalls, false, { best: .66, last: .34, judged: .9 });
  told(truthFalls, false, { best: .66, last: .32, judged: .5 });
  const second = { before: .6, after: .1, right: .1 };
  match(told(judgeLearnsTheHack, true, { ...second, judged: .4 }), /a new run finds new ones/);
  doesNotMatch(told(judgeLearnsTheHack, true, { ...second, judged: .3 }), /new ones/);
});

Deno.test("tools: shares of no answers are not compared, and wrong answers are counted by their kind", () => {
  match(told(calculatorIsRight, false, { calls: 0, called: 0, guessed: .5 }), /^No answer calls .* 50 % are/);
  match(
    told(calculatorIsRight, false, { calls: 1, called: .5, guessed: 0 }),
    /^All answers call .* 50 % are/,
  );
  const shares = { before: .5, after: 1, greedy: 1 };
  const wrong = { guesses: 0, otherCalls: 0, otherEnds: 0 };
  match(told(rewardsHelp, true, { ...shares, wrong }), /No sampled answer is wrong any more\.$/);
  match(told(rewardsHelp, true, { ...shares, wrong: { ...wrong, otherEnds: 3 } }), /0 without .* 3 with/);
  match(
    told(answersGetLonger, true, { before: 5, after: 7, called: 9, guessed: 4 }),
    /: one with a call had 9\.0 then, and a guess 4\.0\.$/,
  );
  match(told(answersGetLonger, true, { before: 5, after: 7, called: 0, guessed: 5 }), /and had 5\.0\.$/);
});

Deno.test("thinking: a cause is told where it was measured", () => {
  match(told(stepsAreBetter, false, { thinking: 0, thought: 0, direct: .5 }), /^No sampled answer has/);
  match(told(stepsAreBetter, false, { thinking: 1, thought: .5, direct: 0 }), /^All sampled answers have/);
  const found = { before: .1, after: .9, thought: .4 };
  match(told(thinkingIsFound, true, { ...found, direct: .3 }), /they were right more often/);
  doesNotMatch(told(thinkingIsFound, true, { ...found, direct: .4 }), /right/);
  const free = { tokens: 30, right: .75 };
  match(told(priceShortens, true, { free, priced: { tokens: 8, right: .5 } }), /buys short wrong answers\.$/);
  match(told(priceShortens, true, { free, priced: { tokens: 8, right: .7 } }), /are not much worse\.$/);
});

Deno.test("hallucination: names are what it learned where the names that it was asked about are not refused", () => {
  const refused = { unseen: .4, told: .35, asked: .1 };
  match(told(knowsWhatItKnows, false, refused), /but 10 % of .*: it has learned which names these are\.$/);
  for (const other of [{ told: .3, unseen: .3 }, { asked: .2 }]) {
    match(told(knowsWhatItKnows, false, { ...refused, ...other }), /never asked about\.$/);
  }
});
