import assert from "node:assert/strict";
import { CloseCode, isWireCode } from "../../lib/websocket/close_code.ts";

Deno.test("`isWireCode()` admits what RFC 6455 section 7.4 and its registry define, of all numbers", () => {
  const cases: [from: number, to: number, wire: boolean, why: string][] = [
    [0, 999, false, "section 7.4.2: not used"],
    [1000, 1003, true, "section 7.4.1"],
    [1004, 1004, false, "section 7.4.1: reserved"],
    [1005, 1006, false, "section 7.4.1: must not be set"],
    [1007, 1011, true, "section 7.4.1"],
    [1012, 1014, true, "registered: service restart, try again later, bad gateway"],
    [1015, 1015, false, "section 7.4.1: must not be set"],
    [1016, 2999, false, "section 7.4.2: for the protocol, unassigned"],
    [3000, 3999, true, "section 7.4.2: libraries"],
    [4000, 4999, true, "section 7.4.2: private"],
    [5000, 65535, false, "undefined"],
  ];
  let next = 0;
  for (const [from, to, wire, why] of cases) {
    assert.equal(from, next);
    for (let code = from; code <= to; code++) {
      assert.equal(isWireCode(code), wire, `${code}: ${why}`);
    }
    next = to + 1;
  }
  assert.equal(next, 65536);
});

Deno.test("`CloseCode` names only codes for the wire, but for the two that never stand on it", () => {
  const offWire = Object.entries(CloseCode).filter(([, code]) => !isWireCode(code));
  assert.deepEqual(offWire, [["NO_STATUS", 1005], ["ABNORMAL", 1006]]);
});
