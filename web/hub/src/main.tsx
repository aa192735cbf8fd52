import { render } from "preact";
import { choose, preferred } from "@fada/shared/i18n";
import { App } from "./App";
import { applyTheme } from "./shell/Header";
import "@fada/shared/style/base.css";
import "./style/shell.css";
import "./style/worklist.css";
import "@fada/shared/style/viewer.css";
import "@fada/shared/style/case.css";
import "./style/examination.css";

applyTheme();
await choose(preferred(), false);
render(<App />, document.getElementById("app")!);
