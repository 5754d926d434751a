import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { manPage } from "../../scripts/man_page.ts";
import { DOCUMENTS } from "../../scripts/release.ts";
import { layOut } from "../../scripts/rootfs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function read(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

Deno.test("the license is MIT, by the wstunnel authors, wherever it is named", () => {
  assert.match(read("LICENSE"), /^MIT License\n\nCopyright \(c\) 2026 the wstunnel authors\n/);
  assert.equal(manifest.license, "MIT");
  assert.match(read("README.md"), /\[MIT\]\(LICENSE\), © 2026 the wstunnel authors/);
  assert.match(
    read("Dockerfile"),
    /^LABEL (?:.*\\\n)+ {2}org\.opencontainers\.image\.licenses=MIT$/m,
  );
  assert.match(manPage(), /\n\.SH COPYRIGHT\n\(c\) 2026 the wstunnel authors\. .*MIT/);
});

Deno.test("whoever gets an archive of a release gets the license", () => {
  assert(DOCUMENTS.includes("LICENSE"));
});

Deno.test({
  name: "whoever gets the image gets the license",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await layOut("/bin/true", `${folder}/rootfs`);
      const shipped = `${folder}/rootfs/usr/share/licenses/wstunnel/LICENSE`;
      assert.equal(await Deno.readTextFile(shipped), read("LICENSE"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
