import { mailText } from "../../../../stages/source/embedded/mail.ts";
import { equal } from "../source_checks.ts";

Deno.test("mailText() returns the body without headers, with \\n at line ends", async () => {
  equal(await mailText("From: a@b.c\r\nSubject: s\r\n\r\nOne  \r\nTwo\r\n"), "One\nTwo");
});

Deno.test("mailText() decodes quoted-printable and base64 in the declared charset", async () => {
  const head = "MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: ";
  equal(await mailText(`${head}quoted-printable\n\ncaf=E9 a=\nnd tea`), "café and tea");
  equal(await mailText(`${head}base64\n\n${btoa("caf\xe9")}`), "café");
});

Deno.test("mailText() prefers the text part, and otherwise converts the HTML part to text", async () => {
  const part = (type: string, body: string) => `--X\nContent-Type: ${type}\n\n${body}\n`;
  const head = "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=X\n\n";
  equal(await mailText(`${head}${part("text/plain", "plain")}${part("text/html", "<p>rich")}--X--`), "plain");
  equal(await mailText(`${head}${part("text/html", "<p>rich</p><p>text</p>")}--X--`), "rich\n\ntext");
});

Deno.test("mailText() leaves attachments out", async () => {
  const raw =
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=X\n\n--X\nContent-Type: text/plain\n\n" +
    "body\n--X\nContent-Type: application/zip\nContent-Disposition: attachment; filename=a.zip\n" +
    "Content-Transfer-Encoding: base64\n\nUEsDBAo=\n--X--";
  equal(await mailText(raw), "body");
});

Deno.test("mailText() ignores the declared charset of 8-bit text that is already decoded", async () => {
  equal(await mailText("Content-Type: text/plain; charset=iso-8859-1\n\n« café »"), "« café »");
});
