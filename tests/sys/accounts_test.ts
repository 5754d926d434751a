import assert from "node:assert/strict";
import { accountId, idOfName, isAccount } from "../../lib/sys/accounts.ts";

const GROUPS = "root:x:0:\nwww-data:x:33:nginx\nbroken\nodd:x:x:\n+nis:::\n";

Deno.test("`idOfName()` finds the number of a whole name", () => {
  const cases: [string, number | null][] = [
    ["root", 0],
    ["www-data", 33],
    ["www", null],
    ["nginx", null],
    ["broken", null],
    ["odd", null],
    ["", null],
  ];
  for (const [name, id] of cases) assert.equal(idOfName(GROUPS, name), id, name);
});

Deno.test("`accountId()` takes a number as it is and looks names up on this machine", () => {
  assert.equal(accountId("group", "64321"), 64321);
  assert.equal(accountId("user", "root"), 0);
  assert.equal(accountId("user", "no such"), null);
});

Deno.test("`isAccount()` refuses what no line of the files can have as a name", () => {
  for (const name of ["", "a b", "a:b", "a\n", "\0"]) assert.equal(isAccount(name), false, name);
  for (const name of ["www-data", "33", "_x", "büro"]) assert.equal(isAccount(name), true, name);
});
