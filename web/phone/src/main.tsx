import { render } from "preact";
import { choose, preferred } from "@fada/shared/i18n";
import { App } from "./ui/App";
import "@fada/shared/style/base.css";
import "@fada/shared/style/viewer.css";
import "@fada/shared/style/case.css";
import "./ui/field.css";

const dark = matchMedia("(prefers-color-scheme: dark)");
const scheme = (): void => { document.documentElement.dataset["scheme"] = dark.matches ? "dark" : "light"; };
dark.addEventListener("change", scheme);
scheme();
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/field/sw.js", { scope: "/field/" });
void navigator.storage?.persist?.();
await choose(preferred(), false);
render(<App />, document.getElementById("app")!);
