// Builds ../static from ./src: app.js and app.css for every page, editor.js for pages with CodeMirror.
import { build, context } from "esbuild";
import { readFileSync, readdirSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const out = join(import.meta.dirname, "..", "static");

const options = {
  entryPoints: { app: "src/app.js", editor: "src/editor.js", style: "src/css/style.css" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome123", "firefox121", "safari17.5"],
  legalComments: "none",
  outdir: out,
  logLevel: "info",
};

/** The licence texts of everything that went into the bundles, in one file beside them. */
function licences() {
  const locked = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
  const texts = Object.entries(locked)
    .filter(([path, entry]) => path && !entry.dev && !entry.optional)
    .map(([path, entry]) => {
      const file = readdirSync(path).find((name) => /^licen[sc]e/i.test(name));
      const text = file && existsSync(join(path, file)) ? readFileSync(join(path, file), "utf8") : entry.license;
      return `${path.replace("node_modules/", "")} ${entry.version}\n\n${text.trim()}\n`;
    });
  writeFileSync(join(out, "THIRD-PARTY.txt"), texts.join(`\n${"-".repeat(72)}\n\n`));
}

licences();
if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
