import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, onSignedOut } from "./api/client";
import type { Me } from "@fada/shared/api/types";
import { Case } from "./case/Case";
import { t, useLanguage } from "@fada/shared/i18n";
import { Worklist } from "./worklist/Worklist";
import { ErrorBoundary } from "./shell/ErrorBoundary";
import { Header } from "./shell/Header";
import { Help } from "./shell/Help";
import { Toasts } from "./shell/toasts";
import { InvitationPage } from "./shell/InvitationPage";
import { SignIn } from "./shell/SignIn";
import { useShortcuts } from "./shell/shortcuts";
import { lazy } from "./shell/lazy";
import { usePath } from "./shell/router";
import { Session } from "./shell/session";

const Upload = lazy(async () => (await import("./upload/Upload")).Upload);
const Orders = lazy(async () => (await import("./orders/Orders")).Orders);
const Patients = lazy(async () => (await import("./patients/Patients")).Patients);
const Woman = lazy(async () => (await import("./patients/Woman")).Woman);
const AccountPage = lazy(async () => (await import("./account/AccountPage")).AccountPage);
const AtlasPage = lazy(async () => (await import("./atlas/AtlasPage")).AtlasPage);
const Operations = lazy(async () => (await import("./operations/Operations")).Operations);
const ReportPage = lazy(async () => (await import("./report/ReportPage")).ReportPage);
const Monitor = lazy(async () => (await import("./worklist/Monitor")).Monitor);
const SharedReport = lazy(async () => (await import("./report/SharedReport")).SharedReport);

/** The hub's pages: sign-in, then the page that the address names. */
export function App(): JSX.Element {
  useLanguage();
  const path = usePath();
  const [me, setMe] = useState<Me | null | undefined>(undefined);
  const [help, setHelp] = useState(false);
  const shared = path[0] === "share" && path[1];
  useEffect(() => {
    if (!shared) get<Me>("/api/me").then(setMe, () => setMe(null));
    return onSignedOut(() => setMe(null));
  }, []);
  useShortcuts(me ? { "?": () => setHelp(true) } : {});

  if (shared) return <SharedReport token={shared} />;
  if (path[0] === "invitation") return <InvitationPage signedIn={setMe} />;
  if (me === undefined) return <p class="waiting" role="status">{t("loading")}</p>;
  if (me === null) return <SignIn signedIn={setMe} />;
  if (path[0] === "monitor") return <Session.Provider value={me}><Monitor /></Session.Provider>;
  return (
    <Session.Provider value={me}>
      <Header here={`/${path[0] ?? ""}`} help={() => setHelp(true)} signedOut={() => setMe(null)} />
      <ErrorBoundary key={path.join("/")}><Page path={path} /></ErrorBoundary>
      {help && <Help close={() => setHelp(false)} />}
      <Toasts />
    </Session.Provider>
  );
}

function Page({ path }: { path: string[] }): JSX.Element {
  const [place, id, more] = path;
  if (place === undefined) return <Worklist />;
  if (place === "upload") return <Upload />;
  if (place === "orders") return <Orders />;
  if (place === "patients") return id ? <Woman key={id} id={id} /> : <Patients />;
  if (place === "account") return <AccountPage />;
  if (place === "atlas") return <AtlasPage />;
  if (place === "operations") return <Operations tab={id ?? "queue"} />;
  if (place === "study" && id && more === "report") return <ReportPage id={id} />;
  if (place === "study" && id) return <Case key={id} id={id} />;
  return (
    <main id="main" class="page">
      <h1>{t("missing.title")}</h1>
      <p><a href="/" data-inside>{t("nav.worklist")}</a></p>
    </main>
  );
}
