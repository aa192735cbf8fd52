import { render } from "preact";
import { choose, preferred } from "./i18n";
import { App } from "./shell/App";
import { applyTheme } from "./shell/Header";
import "./style/base.css";
import "./style/shell.css";
import "./style/worklist.css";
import "./style/viewer.css";
import "./style/case.css";

applyTheme();
await choose(preferred(), false);
render(<App />, document.getElementById("app")!);
