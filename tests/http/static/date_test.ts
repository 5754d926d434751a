import assert from "node:assert/strict";
import { formatDate, parseDate } from "../../../lib/http/static/date.ts";

const NOW = Date.UTC(2026, 10, 28, 12, 0, 0);

Deno.test("`parseDate()` reads the three forms of RFC 9110 section 5.6.7", () => {
  const cases: [text: string, time: number][] = [
    ["Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sunday, 06-Nov-94 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sun Nov  6 08:49:37 1994", Date.UTC(1994, 10, 6, 8, 49, 37)],
    ["Sun Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
    ["Thu, 29 Feb 2024 23:59:59 GMT", Date.UTC(2024, 1, 29, 23, 59, 59)],
    ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    // Up to 50 years ahead, else behind us.
    ["Friday, 01-Jan-27 00:00:00 GMT", Date.UTC(2027, 0, 1)],
    ["Friday, 27-Nov-76 00:00:00 GMT", Date.UTC(2076, 10, 27)],
    ["Sunday, 29-Nov-76 00:00:00 GMT", Date.UTC(1976, 10, 29)],
    ["Saturday, 01-Jan-00 00:00:00 GMT", Date.UTC(2000, 0, 1)],
  ];
  for (const [text, time] of cases) assert.equal(parseDate(text, NOW), time, text);
});

Deno.test("`parseDate()` takes nothing else for a date", () => {
  const cases = [
    ...[
      "",
      "0",
      "now",
      "1994-11-06T08:49:37Z",
      "Sun, 06 Nov 1994 08:49:37",
      "06 Nov 1994 08:49:37 GMT",
    ],
    ...["Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000"],
    ...[
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT",
    ],
    ...["Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT"],
    ...["Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 31 Nov 1994 08:49:37 GMT"],
    ...["Sun, 00 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 2023 08:49:37 GMT"],
    ...[" Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\n"],
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  ];
  for (const text of cases) assert.equal(parseDate(text, NOW), null, text);
});

Deno.test("`formatDate()` gives the form that is sent, to the second", () => {
  const time = Date.UTC(1994, 10, 6, 8, 49, 37);
  assert.equal(formatDate(time + 999), "Sun, 06 Nov 1994 08:49:37 GMT");
  assert.equal(parseDate(formatDate(time), NOW), time);
});
