import assert from "node:assert/strict";
import {
  hasOldVersion,
  type ShownCertificate,
} from "../../lib/access/targets/shown_certificates.ts";

/** How certificates of version 1 and 3 begin; the outermost length has two bytes, the inner one one. */
const OLD = Uint8Array.of(0x30, 0x82, 0x01, 0x00, 0x30, 0x81, 0xa0, 0x02, 0x01, 0x02, 0x30, 0x0a);
const NEW = Uint8Array.of(0x30, 0x82, 0x01, 0x00, 0x30, 0x7f, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02);

/** Each with the next one as its issuer; the last one is its own. */
function chain(...raws: Uint8Array[]): ShownCertificate {
  const [raw, ...rest] = raws;
  const own: { raw: Uint8Array; issuerCertificate?: ShownCertificate } = { raw: raw! };
  own.issuerCertificate = rest.length === 0 ? own : chain(...rest);
  return own;
}

Deno.test("`hasOldVersion()` looks at every certificate that was shown, but an authority's own", () => {
  assert.equal(hasOldVersion(chain(NEW), []), false);
  assert.equal(hasOldVersion({ raw: NEW }, []), false);
  assert.equal(hasOldVersion(chain(NEW, NEW, NEW), []), false);
  assert.equal(hasOldVersion(chain(OLD), []), true);
  assert.equal(hasOldVersion(chain(OLD, NEW), [NEW]), true);
  assert.equal(hasOldVersion(chain(NEW, OLD, NEW), []), true);
  assert.equal(hasOldVersion(chain(NEW, NEW, OLD), []), true);
  assert.equal(hasOldVersion(chain(NEW, NEW, OLD), [OLD.slice()]), false);
  assert.equal(hasOldVersion(chain(Uint8Array.of()), []), true);
  assert.equal(hasOldVersion(chain(...Array<Uint8Array>(17).fill(NEW)), []), true);
});
