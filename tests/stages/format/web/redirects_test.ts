import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { checkRedirect, fetchRedirected, RedirectError } from "../../../../stages/format/web/redirects.ts";
import { isPrivateHost, names } from "../../../../stages/format/web/private_hosts.ts";
import { BodyTooLargeError, limitedBody } from "../../../../stages/format/web/limited_body.ts";
import { SlowServerError, SpeedLimit } from "../../../../stages/format/web/speed_limit.ts";
import { findRemote, readRemote, retryingFetch } from "../../../../stages/format/web/remote.ts";

/** Serves `/N`, which redirects N times before it answers, and what `more` answers. */
function serveRedirects(more: (request: Request) => Response | null = () => null) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const special = more(request);
    if (special !== null) return special;
    const left = Number(new URL(request.url).pathname.slice(1));
    return left === 0
      ? new Response("here")
      : new Response(null, { status: 302, headers: { location: `/${left - 1}` } });
  });
}

Deno.test("fetchRedirected() follows ten redirects and refuses the eleventh", async () => {
  await using server = serveRedirects();
  const origin = `http://127.0.0.1:${server.addr.port}`;
  strictEqual(await (await fetchRedirected(`${origin}/10`)).text(), "here");
  await rejects(fetchRedirected(`${origin}/11`), (error) => {
    return error instanceof RedirectError && /redirects to .*\/0: that is redirect 11/.test(error.message);
  });
  await rejects(findRemote(`${origin}/99`), RedirectError); // is not tried again
});

Deno.test("fetchRedirected() sends a body again after 307, none after 303, and credentials to their origin alone", async () => {
  const seen: string[] = [];
  const record = async (request: Request): Promise<Response> => {
    seen.push(`${request.method} ${request.headers.get("authorization")} ${await request.text()}`);
    return new Response("ok");
  };
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, record);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/end") return record(request);
    const location = pathname === "/away" ? `http://127.0.0.1:${other.addr.port}/end` : "/end";
    return new Response(null, { status: pathname === "/303" ? 303 : 307, headers: { location } });
  });
  const post = { method: "POST", body: "text", headers: { authorization: "secret" } };
  for (const path of ["/307", "/303", "/away"]) {
    await (await fetchRedirected(`http://127.0.0.1:${server.addr.port}${path}`, post)).text();
  }
  deepStrictEqual(seen, ["POST secret text", "GET secret ", "POST null text"]);
});

Deno.test("checkRedirect() refuses less safe protocols, and addresses of the own network from elsewhere", async () => {
  using _names = resolvingTo({ "a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"] });
  const check = (from: string, to: string) => checkRedirect(new URL(from), new URL(to));
  await check("http://a.example/x", "https://b.example/x");
  await check("http://localhost/x", "http://10.0.0.1/x");
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["https://a.example/", "http://a.example/", /not encrypted/],
    ["https://a.example/", "file:///etc/passwd", /only http and https/],
    ["http://a.example/", "http://127.0.0.1/", /own network/],
    ["http://a.example/", "http://2130706433/", /own network/], // 127.0.0.1 as one number
    ["http://a.example/", "http://[::ffff:10.0.0.1]/", /own network/],
    ["http://8.8.8.8/", "http://169.254.169.254/latest/meta-data/", /own network/],
    ["https://a.example/", "https://intranet/", /own network/],
  ];
  for (const [from, to, why] of refused) await rejects(check(from, to), why);
});

/** Answers look-ups from a table, and no others, until it is disposed of. */
function resolvingTo(table: Readonly<Record<string, readonly string[]>>): Disposable {
  const { addresses } = names;
  names.addresses = (host) =>
    Object.hasOwn(table, host) ? Promise.resolve(table[host]) : Promise.reject(new Error("no name server"));
  return { [Symbol.dispose]: () => void (names.addresses = addresses) };
}

Deno.test("fetchRedirected() refuses a public name that resolves to a private address, from elsewhere", async () => {
  using _names = resolvingTo({
    "public-1.example": ["192.0.2.1", "2001:db8::1"],
    "public-2.example": ["192.0.2.2"],
    "v4.example": ["192.0.2.3", "10.0.0.1"],
    "v6.example": ["2001:db8::2", "fd00::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
  });
  const { fetch } = globalThis;
  const redirect = async (from: string, to: string): Promise<string> => {
    const headers = { location: `http://${to}/` };
    globalThis.fetch = (input) =>
      Promise.resolve(
        new URL((input as Request).url).hostname === to
          ? new Response("here")
          : new Response(null, { status: 302, headers }),
      );
    try {
      return await (await fetchRedirected(`http://${from}/`)).text();
    } finally {
      globalThis.fetch = fetch;
    }
  };
  for (const to of ["v4.example", "v6.example", "mapped.example"]) {
    await rejects(redirect("public-1.example", to), (error) => {
      match(String(error), /RedirectError: .*own network/);
      return true;
    });
  }
  strictEqual(await redirect("public-1.example", "public-2.example"), "here");
  strictEqual(await redirect("v4.example", "v6.example"), "here"); // both are in the own network
  strictEqual(await redirect("public-1.example", "unknown.example"), "here"); // nobody answers: by its name
});

Deno.test("isPrivateHost() knows the ranges of private addresses to one address", () => {
  const hosts = (list: string) => list.split(" ").map((host) => new URL(`http://${host}/`).hostname);
  const ours =
    "localhost a.localhost printer.local 0.0.0.0 10.0.0.0 10.255.255.255 127.0.0.1 169.254.0.0 172.16.0.0 172.31.255.255 192.168.0.0 100.64.0.0 100.127.255.255 224.0.0.1 [::1] [::] [fc00::1] [fdff::1] [fe80::1] [febf::1] [::ffff:192.168.1.1]";
  const others =
    "a.example 9.255.255.255 11.0.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 100.63.255.255 100.128.0.0 223.255.255.255 [2001:db8::1] [fec0::1] [fbff::1] [::ffff:8.8.8.8]";
  for (const host of hosts(ours)) strictEqual(isPrivateHost(host), true, host);
  for (const host of hosts(others)) strictEqual(isPrivateHost(host), false, host);
});

Deno.test("limitedBody() passes a body of the limit and refuses one byte more", async () => {
  async function* chunks(bytes: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes; i++) yield new Uint8Array(1);
  }
  const answer = (bytes: number) =>
    limitedBody(new Response("x"), { url: "http://a.example/", chunks: chunks(bytes), bytes: 5 });
  strictEqual((await answer(5).arrayBuffer()).byteLength, 5);
  await rejects(answer(6).arrayBuffer(), BodyTooLargeError);
});

Deno.test("retryingFetch() ends an endless answer at its limit, and a silent one after the time limit", async () => {
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
  });
  const silent = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
  await using server = serveRedirects(({ url }) =>
    url.endsWith("/endless") ? new Response(endless) : url.endsWith("/silent") ? new Response(silent) : null
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const read = async (path: string) =>
    await (await retryingFetch({ idle: 2000 })(`${origin}/${path}`)).json();
  await rejects(read("endless"), BodyTooLargeError);
  await rejects(read("silent"), /no byte arrived for 2000 ms/);
});

Deno.test("readRemote() compares Content-Range with what it asked for", async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const part = (first: number, size = 1000, field = `bytes ${first}-999/${size}`) =>
    new Response(bytes.subarray(first), {
      status: 206,
      headers: field === "" ? {} : { "content-range": field },
    });
  const answers: Readonly<Record<string, () => Response>> = {
    "/asked": () => part(600),
    "/from-0": () => part(0),
    "/later": () => part(601),
    "/unnamed": () => part(0, 1000, ""),
    "/malformed": () => part(0, 1000, "bytes 0-x/y"),
    "/grown": () => part(600, 1001),
  };
  await using server = serveRedirects(({ url }) => answers[new URL(url).pathname]?.() ?? null);
  const read = async (path: string): Promise<Uint8Array> => {
    const file = { url: `http://127.0.0.1:${server.addr.port}${path}`, size: 1000, version: null };
    return new Uint8Array(
      await new Blob(await Array.fromAsync(readRemote(file, { start: 600 }))).arrayBuffer(),
    );
  };
  deepStrictEqual(await read("/asked"), bytes.subarray(600));
  deepStrictEqual(await read("/from-0"), bytes.subarray(600)); // the bytes before the asked ones are skipped
  for (const path of ["/later", "/unnamed", "/malformed"]) {
    await rejects(read(path), (error) => {
      match(String(error), /asked for bytes from 600 on and sent/);
      return error instanceof Deno.errors.InvalidData;
    });
  }
  await rejects(read("/grown"), /it now has 1001 bytes, it had 1000/);
});

Deno.test("SpeedLimit passes a period with exactly its bytes, and refuses one with a byte less", () => {
  const limit = () => new SpeedLimit({ speedLimit: 100, speedTime: 1000 });
  strictEqual(limit().add(0, 999), false); // the period has not ended
  strictEqual(limit().add(100, 1000), true);
  throws(() => limit().add(99, 1000), SlowServerError);
  throws(
    () => limit().add(199, 2000),
    /only 199 bytes arrived in 2000 ms, which is less than 100 bytes per second/,
  );
  const two = limit();
  strictEqual(two.add(1000, 1000), true);
  throws(() => two.add(99, 1000), SlowServerError); // bytes of an earlier period do not count
});

/** Makes every look at the clock come 29 seconds after the one before, until it is disposed of. */
function hurriedClock(): Disposable {
  const { now } = performance;
  let time = 0;
  performance.now = () => time += 29_000;
  return { [Symbol.dispose]: () => void (performance.now = now) };
}

Deno.test("readRemote() and retryingFetch() give up on a server that sends a byte every 29 s for ever", async () => {
  const bytes = () => new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)) });
  await using server = serveRedirects(({ headers }) => {
    const first = Number(/^bytes=(\d+)-/.exec(headers.get("range") ?? "")?.[1] ?? 0);
    return new Response(bytes(), {
      status: 206,
      headers: { "content-range": `bytes ${first}-999999/1000000` },
    });
  });
  using _clock = hurriedClock();
  const url = `http://127.0.0.1:${server.addr.port}/`, quick = { tries: 3, firstPause: 1 };
  const part = { url, size: 1e6, version: null };
  await rejects(Array.fromAsync(readRemote(part, { ...quick, speedLimit: 1e9 })), (error) => {
    // Each try has received some bytes, and they have not made up for its failure.
    match(
      String(error),
      /ConnectionReset: .*3 tries in a row failed at byte [1-9]\d*, .*less than 1000000000 bytes per second/,
    );
    return true;
  });
  await rejects((await retryingFetch({ ...quick, speedLimit: 1e9 })(url)).arrayBuffer(), SlowServerError);
});

Deno.test("readRemote() reads on at a speed above its limit for as long as it takes", async () => {
  const bytes = new Uint8Array(400);
  await using server = serveRedirects(() => new Response(new Blob([bytes]).stream()));
  using _clock = hurriedClock();
  const file = { url: `http://127.0.0.1:${server.addr.port}/`, size: 400, version: null };
  const parts = await Array.fromAsync(readRemote(file, { tries: 1, speedLimit: 0.1 }));
  strictEqual(parts.reduce((sum, part) => sum + part.length, 0), 400);
});
